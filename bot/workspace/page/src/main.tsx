import "./style/page.css";
import "slack-blocks-to-jsx/dist/style.css";

import { createRoot } from "react-dom/client";

import { App } from "./app";

const root = document.getElementById("page");
if (root) createRoot(root).render(<App />);

import { useEffect, useState, useSyncExternalStore } from "react";

import type { Theme } from "./surroundings";

const KEY = "theme";
const DARK = "(prefers-color-scheme: dark)";

function watchSystem(changed: () => void): () => void {
  const query = window.matchMedia(DARK);
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}

function remembered(): Theme | null {
  try {
    const stored = window.localStorage.getItem(KEY);
    return stored === "light" || stored === "dark" ? stored : null;
  } catch {
    return null;
  }
}

function remember(theme: Theme): void {
  try {
    window.localStorage.setItem(KEY, theme);
  } catch {
    // A browser that keeps nothing forgets the choice with the tab.
  }
}

/** The system's colours until the person chooses others. */
export function useTheme(): { theme: Theme; toggle: () => void } {
  const system = useSyncExternalStore(watchSystem, () => (window.matchMedia(DARK).matches ? "dark" : "light"));
  const [chosen, setChosen] = useState<Theme | null>(remembered);
  const theme = chosen ?? system;
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  const toggle = () => {
    const other = theme === "dark" ? "light" : "dark";
    remember(other);
    setChosen(other);
  };
  return { theme, toggle };
}

import { OfflineIcon } from "./icons";
import type { App } from "./protocol";

/** Says what is away: the workspace itself, or apps in it. */
export function Offline({ apps, connected }: { apps: App[]; connected: boolean }) {
  const away = apps.filter((app) => !app.online).map((app) => app.name);
  const lines = [];
  if (!connected) lines.push("The workspace is not answering. Trying again…");
  if (connected && apps.length === 0) lines.push("No app is installed in this workspace.");
  if (connected && away.length > 0) {
    lines.push(
      `${away.join(" and ")} ${away.length === 1 ? "is" : "are"} not connected: commands and buttons will not be answered until ${away.length === 1 ? "it is" : "they are"}.`,
    );
  }
  return (
    <div className="banner" role="status">
      {lines.map((line) => (
        <p key={line}>
          <OfflineIcon />
          {line}
        </p>
      ))}
    </div>
  );
}

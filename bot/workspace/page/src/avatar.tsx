const COLOURS = ["#7c3085", "#1d6b50", "#9a3412", "#1e5a99", "#8a1f4b", "#4a5a12", "#5b3fa8", "#7a4a0c"];

function initials(name: string): string {
  const parts = name.split(/[\s._-]+/).filter(Boolean);
  return (
    [parts[0], parts.length > 1 ? parts.at(-1) : undefined]
      .map((part) => (part ? [...part][0] : ""))
      .join("")
      .toUpperCase() || "?"
  );
}

/** A picture made of the name, so that none has to be fetched. */
export function Avatar({
  id,
  name,
  isApp = false,
  small = false,
}: {
  id: string;
  name: string;
  isApp?: boolean;
  small?: boolean;
}) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) % 1_000_003;
  const colour = COLOURS[sum % COLOURS.length];
  return (
    <span
      className={`avatar${small ? " avatar-small" : ""}${isApp ? " avatar-app" : ""}`}
      style={{ backgroundColor: colour }}
      aria-hidden="true"
    >
      {initials(name)}
    </span>
  );
}

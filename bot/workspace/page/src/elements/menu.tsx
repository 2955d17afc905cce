import { type KeyboardEvent, type ReactNode, useId, useLayoutEffect, useRef, useState } from "react";

const STEPS: Record<string, (at: number, count: number) => number> = {
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowUp: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

export interface MenuItem {
  label: ReactNode;
  choose: () => void;
}

interface MenuProps {
  /** What the menu is of; it names its button and itself. */
  label: string;
  describedBy?: string;
  buttonClass: string;
  busy?: boolean;
  items: MenuItem[];
  children: ReactNode;
}

/** A button and the menu behind it, for mouse and keyboard. */
export function Menu({ label, describedBy, buttonClass, busy = false, items, children }: MenuProps) {
  const [open, setOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();
  const drawn = () => [...(frame.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];
  useLayoutEffect(() => {
    if (!open) return;
    // Where there is no room below, the menu opens upwards.
    const room = frame.current?.closest(".messages")?.getBoundingClientRect();
    const list = frame.current?.querySelector(".menu");
    const height = list?.getBoundingClientRect().height ?? 0;
    const at = frame.current?.getBoundingClientRect();
    list?.classList.toggle("menu-up", !!room && !!at && at.bottom + height > room.bottom && at.top - height > room.top);
    drawn()[0]?.focus();
  }, [open]);
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  const move = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (event.key === "Escape" || event.key === "Tab") {
      close();
      if (event.key === "Escape") event.preventDefault();
    } else if (step) {
      event.preventDefault();
      drawn()[step(drawn().indexOf(document.activeElement as HTMLElement), drawn().length)]?.focus();
    }
  };
  return (
    <div className="overflow" ref={frame} onBlur={(event) => frame.current?.contains(event.relatedTarget) || setOpen(false)}>
      <button
        ref={opener}
        type="button"
        className={buttonClass}
        aria-label={label}
        aria-describedby={describedBy}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-disabled={busy || undefined}
        onClick={() => busy || setOpen(!open)}
      >
        {children}
      </button>
      {open && (
        <div className="menu" role="menu" id={id} aria-label={label} tabIndex={-1} onKeyDown={move}>
          {items.map((item, index) => (
            <button
              key={index}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                close();
                item.choose();
              }}
            >
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

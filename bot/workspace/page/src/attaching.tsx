/** Beside the message box: a picture to upload, and the shortcuts of apps. */
import { useRef } from "react";

import { Menu } from "./elements/menu";
import { PictureIcon, ShortcutIcon } from "./icons";
import type { App } from "./protocol";

interface AttachingProps {
  apps: App[];
  upload: (picture: File) => void;
  shortcut: (callbackId: string) => void;
}

export function Attaching({ apps, upload, shortcut }: AttachingProps) {
  const input = useRef<HTMLInputElement>(null);
  const shortcuts = apps.flatMap((app) =>
    app.shortcuts
      .filter((one) => !one.on_messages)
      .map((one) => ({ label: `${one.name} (${app.name})`, choose: () => shortcut(one.callback_id) })),
  );
  return (
    <div className="attaching">
      <input
        ref={input}
        type="file"
        className="unseen"
        accept="image/png,image/jpeg,image/gif,image/webp"
        aria-label="Picture"
        tabIndex={-1}
        onChange={(event) => {
          const [picture] = event.target.files ?? [];
          if (picture) upload(picture);
          event.target.value = "";
        }}
      />
      <button type="button" className="icon-button" aria-label="Upload a picture" onClick={() => input.current?.click()}>
        <PictureIcon />
      </button>
      {shortcuts.length > 0 && (
        <Menu label="Shortcuts" buttonClass="icon-button" items={shortcuts}>
          <ShortcutIcon />
        </Menu>
      )}
    </div>
  );
}

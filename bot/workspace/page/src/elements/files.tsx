import { useRef, useState } from "react";

import { useElement } from "../acting";
import type { Fields } from "../protocol";
import { listed } from "../values";
import type { ElementProps } from "./button";

/** Files chosen from this computer: each is uploaded at once, and stands in the field by its name until it is taken out. */
export function FileInput({ blockId, element, labelledBy }: ElementProps) {
  const { held, hold, keep } = useElement(blockId, element);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const chosen = listed(held.files);
  const kinds = Array.isArray(element.filetypes) ? element.filetypes.map((kind) => `.${String(kind)}`).join(",") : undefined;
  const most = typeof element.max_files === "number" ? element.max_files : 10;
  const put = (files: Fields[]) => hold({ files: files.map(({ id, name }) => ({ id, name })) });
  const choose = async (picked: File[]) => {
    setBusy(true);
    setFailure("");
    const kept: Fields[] = [];
    for (const file of picked) {
      const answer = await keep(file);
      if (typeof answer === "string") setFailure(answer);
      else kept.push({ ...answer });
    }
    put([...chosen, ...kept].slice(-most));
    setBusy(false);
  };
  return (
    <div className="file-input">
      <input
        ref={input}
        type="file"
        aria-labelledby={labelledBy}
        aria-label={labelledBy ? undefined : "File"}
        aria-busy={busy || undefined}
        accept={kinds}
        multiple={most > 1}
        onChange={(event) => {
          const picked = [...(event.target.files ?? [])];
          event.target.value = "";
          void choose(picked);
        }}
      />
      {chosen.length > 0 && (
        <ul aria-label="Chosen files">
          {chosen.map((file) => (
            <li key={String(file.id)}>
              <bdi>{String(file.name)}</bdi>
              <button
                type="button"
                className="button"
                aria-label={`Remove ${String(file.name)}`}
                onClick={() => {
                  put(chosen.filter((one) => one.id !== file.id));
                  input.current?.focus();
                }}
              >
                Remove
              </button>
            </li>
          ))}
        </ul>
      )}
      {failure && (
        <p className="failure" role="alert">
          {failure}
        </p>
      )}
    </div>
  );
}

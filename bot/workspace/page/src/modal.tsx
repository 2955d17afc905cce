/** The modal that an app has opened, over the conversation. */
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";

import { type Acting, ActingContext } from "./acting";
import { Blocks, FieldErrors } from "./blocks";
import { type Desk, keyOfView } from "./desk";
import { CloseIcon } from "./icons";
import type { View } from "./protocol";
import { words } from "./richtext";
import { type Choices, heldBy } from "./values";

const NOTHING: Choices = {};
const FIELDS = "input, select, textarea, summary";

interface ModalProps {
  view: View;
  desk: Desk;
  choices: Choices | undefined;
  failure: string | undefined;
  /** It lies on another. */
  pushed: boolean;
}

export function Modal({ view, desk, choices = NOTHING, failure, pushed }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const [busy, setBusy] = useState(false);
  const id = useId();
  const inside = (frame: string) => body.current?.querySelector<HTMLElement>(`${frame} :is(${FIELDS})`);
  useEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement as HTMLElement | null;
    shown?.showModal();
    (inside("[data-focus]") ?? inside("") ?? shown?.querySelector<HTMLElement>(".modal-buttons button:last-child"))?.focus();
    return () => {
      shown?.close();
      before?.focus();
    };
  }, []);
  // Whoever is told of a fault stands at the first of them.
  useEffect(() => inside("[data-failed]")?.focus(), [view.errors]);
  const acting = useMemo<Acting>(
    () => ({
      held: (blockId, element) => heldBy(choices, blockId, element),
      hold: (blockId, element, held) => desk.holdIn(keyOfView(view), blockId, element, held),
      send: (blockId, element, action) => desk.sendInView(view, blockId, element, action),
      keep: (file) => desk.keep(file),
    }),
    [desk, view, choices],
  );
  const submit = async () => {
    if (busy) return;
    setBusy(true);
    await desk.submit(view);
    setBusy(false);
  };
  const press = (event: KeyboardEvent) => {
    const { target } = event;
    const line = target instanceof HTMLInputElement && !["checkbox", "radio"].includes(target.type);
    if (event.key === "Enter" && line && view.submit && !event.nativeEvent.isComposing) void submit();
  };
  const close = (whole: boolean) => void desk.close(view, whole);
  return (
    <dialog
      ref={dialog}
      className="modal"
      aria-labelledby={id}
      onCancel={(event) => {
        if (event.target !== dialog.current) return;
        event.preventDefault();
        close(false);
      }}
      onKeyDown={press}
    >
      <header className="modal-head">
        <h2 id={id}>
          <bdi>{words(view.title)}</bdi>
          <span className="quiet">{view.app}</span>
        </h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={() => close(pushed)}>
          <CloseIcon />
        </button>
      </header>
      <div className="modal-body" ref={body}>
        <ActingContext.Provider value={acting}>
          <FieldErrors.Provider value={view.errors}>
            <Blocks blocks={view.blocks} />
          </FieldErrors.Provider>
        </ActingContext.Provider>
        {/* What stands beside its field need not be said again. */}
        {failure && Object.keys(view.errors).length === 0 && (
          <p className="failure" role="alert">
            {failure}
          </p>
        )}
      </div>
      <footer className="modal-buttons">
        <button type="button" className="button" onClick={() => close(false)}>
          {words(view.close ?? undefined) || (pushed ? "Back" : "Cancel")}
        </button>
        {view.submit && (
          <button type="button" className="button button-primary" aria-disabled={busy || undefined} aria-busy={busy || undefined} onClick={() => void submit()}>
            {words(view.submit)}
          </button>
        )}
      </footer>
    </dialog>
  );
}

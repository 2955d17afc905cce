/** What an element can do to the world: hold a value, send an action, ask first. */
import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from "react";

import type { Fields, Held, Kept } from "./protocol";
import { Text, words } from "./richtext";
import { fields } from "./values";

export interface Acting {
  held(blockId: string, element: Fields): Held;
  hold(blockId: string, element: Fields, held: Held): void;
  /** Sends the action with what the message then holds (`held` included, where the element keeps a value). */
  send(blockId: string, element: Fields, action: Held): Promise<void>;
  /** Keeps a file for a field; what stands there then, or why it is not kept. */
  keep(file: File): Promise<Kept | string>;
}

export const ActingContext = createContext<Acting | null>(null);

type Ask = (confirm: Fields) => Promise<boolean>;
const AskContext = createContext<Ask>(() => Promise.resolve(true));

/** Asks in the page's one dialog. */
export function useAsk(): Ask {
  return useContext(AskContext);
}

/** One dialog for the page, in which every element's `confirm` is asked. */
export function Asking({ children }: { children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const answer = useRef<(yes: boolean) => void>(() => undefined);
  const [confirm, setConfirm] = useState<Fields | null>(null);
  const ask = useCallback<Ask>((asked) => {
    answer.current(false);
    setConfirm(asked);
    dialog.current?.showModal();
    return new Promise<boolean>((resolve) => {
      answer.current = resolve;
    });
  }, []);
  const close = (yes: boolean) => {
    answer.current(yes);
    dialog.current?.close();
  };
  const style = confirm?.style === "danger" ? "danger" : "primary";
  return (
    <AskContext.Provider value={ask}>
      {children}
      <dialog
        ref={dialog}
        className="confirm"
        aria-labelledby="confirm-title"
        aria-describedby="confirm-text"
        onClose={() => answer.current(false)}
      >
        {confirm && (
          <>
            <h2 id="confirm-title">{words(confirm.title) || "Are you sure?"}</h2>
            <div id="confirm-text">
              <Text key={JSON.stringify(confirm.text)} text={confirm.text} />
            </div>
            <div className="confirm-buttons">
              <button type="button" className="button" onClick={() => close(false)}>
                {words(confirm.deny) || "Cancel"}
              </button>
              <button type="button" className={`button button-${style}`} onClick={() => close(true)}>
                {words(confirm.confirm) || "Yes"}
              </button>
            </div>
          </>
        )}
      </dialog>
    </AskContext.Provider>
  );
}

/**
 * An element's own view of it: what it holds and what can be done with it.
 *
 * `press` sends an action and is deaf until it is answered; `choose` keeps the value and sends it, and may be followed by the next at once.
 * Both ask first where the element says so.
 */
export function useElement(blockId: string, element: Fields) {
  const acting = useContext(ActingContext);
  const ask = useContext(AskContext);
  const [busy, setBusy] = useState(false);
  const pressed = useRef(false);
  const type = String(element.type);
  const agreed = async () => !element.confirm || (await ask(fields(element.confirm)));
  const send = async (action: Fields) => {
    setBusy(true);
    await acting?.send(blockId, element, { type, ...action });
    setBusy(false);
  };
  const press = async (action: Fields) => {
    // A second click may come before the first has been drawn.
    if (pressed.current) return;
    pressed.current = true;
    if (await agreed()) await send(action);
    pressed.current = false;
  };
  const hold = (value: Fields) => acting?.hold(blockId, element, { type, ...value });
  const choose = async (value: Fields) => {
    if (!(await agreed())) return;
    hold(value);
    await send(value);
  };
  const held: Held = acting?.held(blockId, element) ?? { type };
  const keep = async (file: File): Promise<Kept | string> => (await acting?.keep(file)) ?? "There is nowhere to keep it.";
  return { held, busy, press, hold, choose, keep };
}

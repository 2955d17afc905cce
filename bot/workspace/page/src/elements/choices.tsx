import { useId, useRef } from "react";

import { useElement } from "../acting";
import type { Fields, Json } from "../protocol";
import { Text } from "../richtext";
import { listed, options, sameOption } from "../values";
import type { ElementProps } from "./button";

interface OptionRowProps {
  kind: "checkbox" | "radio";
  name: string;
  option: Fields;
  checked: boolean;
  busy: boolean;
  choose: (checked: boolean) => void;
}

function OptionRow({ kind, name, option, checked, busy, choose }: OptionRowProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const described = option.description ? `${id}-description` : undefined;
  return (
    <div className="choice">
      <input
        ref={input}
        id={id}
        type={kind}
        name={name}
        checked={checked}
        aria-describedby={described}
        aria-busy={busy || undefined}
        onChange={(event) => choose(event.target.checked)}
      />
      <div>
        <label htmlFor={id}>
          <Text text={option.text} />
        </label>
        {described && (
          <div className="choice-description" id={described} onClick={() => input.current?.click()}>
            <Text text={option.description} />
          </div>
        )}
      </div>
    </div>
  );
}

export function Checkboxes({ blockId, element, labelledBy, silent }: ElementProps) {
  const { held, busy, hold, choose: send } = useElement(blockId, element);
  const name = useId();
  const chosen = listed(held.selected_options);
  const choose = (option: Fields, checked: boolean) => {
    // In the order of the options, whatever the order of the clicks.
    const is = (one: Fields) => (sameOption(one, option) ? checked : chosen.some((other) => sameOption(other, one)));
    const value = { selected_options: options(element).filter(is) as Json[] };
    if (silent) hold(value);
    else void send(value);
  };
  return (
    <div className="choices" role="group" aria-labelledby={labelledBy} aria-label={labelledBy ? undefined : "Choose any"}>
      {options(element).map((option, index) => (
        <OptionRow
          key={index}
          kind="checkbox"
          name={name}
          option={option}
          checked={chosen.some((other) => sameOption(other, option))}
          busy={busy}
          choose={(checked) => choose(option, checked)}
        />
      ))}
    </div>
  );
}

export function RadioButtons({ blockId, element, labelledBy, silent }: ElementProps) {
  const { held, busy, hold, choose: send } = useElement(blockId, element);
  const name = useId();
  const choose = (option: Fields) => {
    const value = { selected_option: option as Json };
    if (silent) hold(value);
    else void send(value);
  };
  return (
    <div className="choices" role="radiogroup" aria-labelledby={labelledBy} aria-label={labelledBy ? undefined : "Choose one"}>
      {options(element).map((option, index) => (
        <OptionRow
          key={index}
          kind="radio"
          name={name}
          option={option}
          checked={sameOption(held.selected_option, option)}
          busy={busy}
          choose={() => choose(option)}
        />
      ))}
    </div>
  );
}

import type { Json } from "../protocol";
import { Text, words } from "../richtext";

/** A label: drawn as text, with its emoji only where there are any to draw. */
export function EmojiWords({ text }: { text: Json | undefined }) {
  const plain = words(text);
  return /:[a-z0-9_+'-]+:/.test(plain) ? <Text text={text} /> : <bdi>{plain}</bdi>;
}

import { memo, useMemo, useState } from "react";

import { ActingContext, type Acting, useAsk } from "./acting";
import { Avatar } from "./avatar";
import { Blocks } from "./blocks";
import { clock, dateOf, fullDate } from "./dates";
import { type Desk, PAGE_AUTHOR } from "./desk";
import { Editing } from "./editing";
import { Menu } from "./elements/menu";
import { EyeIcon, MoreIcon, ReplyIcon } from "./icons";
import type { App, Message as Value, Reaction } from "./protocol";
import { Drawn, Text } from "./richtext";
import { typed } from "./typed";
import { nameOf, useSurroundings } from "./surroundings";
import { type Choices, heldBy } from "./values";

export interface Author {
  id: string;
  name: string;
  isApp: boolean;
}

function useAuthor(message: Value, apps: App[]): Author {
  const { users } = useSurroundings();
  if (message.user === PAGE_AUTHOR) return { id: PAGE_AUTHOR, name: "Slackbot", isApp: true };
  const app = apps.find(
    (one) => (message.app_id && one.id === message.app_id) || (message.user && one.bot_user_id === message.user),
  );
  const id = message.user ?? app?.bot_user_id ?? message.bot_id ?? "";
  const user = users.get(id);
  return {
    id: id || app?.id || "?",
    name: app?.name ?? nameOf(user, id || "unknown"),
    isApp: app !== undefined || user?.is_bot === true || !!message.bot_id,
  };
}

function Reactions({ reactions, react }: { reactions: Reaction[]; react: (name: string) => void }) {
  const { users, me } = useSurroundings();
  return (
    <ul className="reactions" aria-label="Reactions">
      {reactions.map(({ name, users: ids, count }) => (
        <li key={name} title={ids.map((id) => nameOf(users.get(id), id)).join(", ")}>
          <button type="button" aria-pressed={ids.includes(me)} onClick={() => react(name)}>
            <Drawn
              blocks={[{ type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "emoji", name }] }] }]}
            />
            <span>{count}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

const FORGET = {
  title: { type: "plain_text", text: "Delete message" },
  text: { type: "plain_text", text: "Are you sure you want to delete this message? This cannot be undone." },
  confirm: { type: "plain_text", text: "Delete" },
  deny: { type: "plain_text", text: "Cancel" },
  style: "danger",
};
const EMOJI = { eyes: "👀", "+1": "👍" };

/** What can be done with a message: reactions, the shortcuts of apps, and with one's own, changing it. */
function useDoings(message: Value, desk: Desk, apps: App[], edit: () => void) {
  const ask = useAsk();
  const { me } = useSurroundings();
  const forget = async () => {
    if (await ask(FORGET)) await desk.change(message, "delete");
  };
  const react = (name: string) => void desk.change(message, "react", { name });
  const shortcuts = apps.flatMap((app) =>
    app.shortcuts
      .filter((one) => one.on_messages)
      .map((one) => ({
        label: `${one.name} (${app.name})`,
        choose: () => void desk.change(message, "shortcut", { callback_id: one.callback_id }),
      })),
  );
  const own = [
    { label: "Edit message", choose: edit },
    { label: "Delete message…", choose: () => void forget() },
  ];
  const reactions = Object.entries(EMOJI).map(([name, drawn]) => ({ label: `React with ${drawn}`, choose: () => react(name) }));
  return { react, items: [...shortcuts, ...reactions, ...(message.user === me ? own : [])] };
}

export interface MessageProps {
  message: Value;
  desk: Desk;
  apps: App[];
  choices: Choices;
  failure: string | undefined;
  /** Drawn without author, right under another of theirs. */
  continues: boolean;
  replies: number;
  /** Opens the thread; absent inside a thread. */
  openThread?: (ts: string) => void;
}

const NO_BLOCKS: Value["blocks"] = [];

/** One message; its element ids and names are its own, whatever the app called its blocks. */
export const Message = memo(function Message({
  message,
  desk,
  apps,
  choices,
  failure,
  continues,
  replies,
  openThread,
}: MessageProps) {
  const author = useAuthor(message, apps);
  const date = dateOf(message.ts);
  const acting = useMemo<Acting>(
    () => ({
      held: (blockId, element) => heldBy(choices, blockId, element),
      hold: (blockId, element, held) => desk.hold(message, blockId, element, held),
      send: (blockId, element, action) => desk.send(message, blockId, element, action),
      keep: (file) => desk.keep(file),
    }),
    [desk, message, choices],
  );
  const [editing, setEditing] = useState(false);
  const { users, channels } = useSurroundings();
  const { react, items } = useDoings(message, desk, apps, () => setEditing(true));
  const blocks = message.blocks ?? NO_BLOCKS;
  const label = `${author.name}${author.isApp ? ", app" : ""}, ${clock(date)}${message.ephemeral ? ", only visible to you" : ""}`;
  return (
    <article
      className={`message${message.ephemeral ? " message-ephemeral" : ""}${continues ? " message-continues" : ""}`}
      aria-label={label}
      data-ts={message.ts}
      tabIndex={-1}
    >
      {message.ephemeral && (
        <p className="only-you">
          <EyeIcon />
          Only visible to you
        </p>
      )}
      <div className="message-side">{continues ? null : <Avatar id={author.id} name={author.name} isApp={author.isApp} />}</div>
      <div className="message-main">
        <p className={continues ? "byline byline-continues" : "byline"}>
          {!continues && <bdi className="author">{author.name}</bdi>}
          {!continues && author.isApp && <span className="badge">APP</span>}
          <time dateTime={date.toISOString()} title={fullDate(date)}>
            {clock(date)}
          </time>
        </p>
        <ActingContext.Provider value={acting}>
          {editing ? (
            <Editing
              first={typed(message.text, users, channels)}
              cancel={() => setEditing(false)}
              save={(text) => {
                setEditing(false);
                void desk.change(message, "edit", { text });
              }}
            />
          ) : blocks && blocks.length > 0 ? (
            <Blocks blocks={blocks} />
          ) : (
            <Text text={message.text} />
          )}
        </ActingContext.Provider>
        {message.files?.map((file) =>
          file.picture ? (
            <img key={file.id} className="uploaded" src={file.url} alt={file.name} />
          ) : (
            <p key={file.id} className="uploaded-file">
              <a href={file.url} download={file.name}>
                <bdi>{file.name}</bdi>
              </a>
            </p>
          ),
        )}
        {message.edited && <span className="quiet">(edited)</span>}
        {message.reactions && message.reactions.length > 0 && <Reactions reactions={message.reactions} react={react} />}
        {failure && (
          <p className="failure" role="alert">
            {failure} <span className="quiet">Only visible to you.</span>
          </p>
        )}
        {openThread && replies > 0 && (
          <button type="button" className="replies" onClick={() => openThread(message.ts)}>
            {replies === 1 ? "1 reply" : `${replies} replies`}
          </button>
        )}
      </div>
      {!message.ephemeral && message.subtype !== "tombstone" && (
        <div className="tools">
          {openThread && (
            <button
              type="button"
              className="tool"
              aria-label={`Reply in thread to ${author.name}, ${clock(date)}`}
              title="Reply in thread"
              onClick={() => openThread(message.ts)}
            >
              <ReplyIcon />
            </button>
          )}
          <Menu label={`Message menu, ${author.name}, ${clock(date)}`} buttonClass="tool" items={items}>
            <MoreIcon />
          </Menu>
        </div>
      )}
    </article>
  );
});

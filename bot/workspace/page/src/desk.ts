/** One persona's view of the workspace, kept up to date; all personas' desks are open at once, so that news for each is seen. */
import * as protocol from "./protocol";
import type { Channel, Event, Fields, Held, Message, State } from "./protocol";
import { type Choices, valuesOf, withHeld } from "./values";

const FIRST_RETRY = 500;
const LONGEST_RETRY = 5_000;

export interface View {
  state: State | null;
  connected: boolean;
  /** Messages by channel, oldest first, with the page's own notices among them. */
  messages: Readonly<Record<string, Message[]>>;
  unread: Readonly<Record<string, number>>;
  choices: Readonly<Record<string, Choices>>;
  /** What went wrong with the last action on a message. Both by `keyOf` the message. */
  failures: Readonly<Record<string, string>>;
}

const EMPTY: View = { state: null, connected: false, messages: {}, unread: {}, choices: {}, failures: {} };

export const PAGE_AUTHOR = "USLACKBOT";

export function keyOf(message: { channel: string; ts: string }): string {
  return `${message.channel}/${message.ts}`;
}

export function keyOfView(view: { id: string }): string {
  return `view/${view.id}`;
}

/** The bytes of a file in base64. */
async function encoded(file: File): Promise<string> {
  const address = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
  return address.slice(address.indexOf(",") + 1);
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  const { [key]: _, ...rest } = record;
  return rest;
}

function placed(messages: Message[], message: Message): Message[] {
  const others = messages.filter((one) => one.ts !== message.ts);
  const at = others.findLastIndex((one) => Number(one.ts) <= Number(message.ts)) + 1;
  return [...others.slice(0, at), message, ...others.slice(at)];
}

export class Desk {
  view: View = EMPTY;
  private socket: WebSocket | null = null;
  private retry = FIRST_RETRY;
  private waiting: Event[] | null = null;
  private queues = new Map<string, Promise<void>>();
  private notices: Message[] = [];
  private viewing: string | null = null;
  private noticed = 0;

  constructor(
    readonly persona: string,
    private readonly changed: () => void,
  ) {}

  open(): void {
    const socket = new WebSocket(protocol.eventsAddress(this.persona));
    this.socket = socket;
    this.waiting = [];
    socket.onopen = () => void this.read(socket);
    socket.onmessage = (frame) => this.receive(JSON.parse(String(frame.data)) as Event);
    socket.onclose = () => this.lost(socket);
  }

  /** The state is read after the events have begun, and those that came meanwhile are applied on it: nothing falls between. */
  private async read(socket: WebSocket): Promise<void> {
    try {
      const state = await protocol.readState(this.persona);
      if (this.socket !== socket) return;
      const messages = { ...state.messages };
      for (const notice of this.notices) messages[notice.channel] = placed(messages[notice.channel] ?? [], notice);
      this.retry = FIRST_RETRY;
      this.set({ state, messages, connected: true });
      const events = this.waiting ?? [];
      this.waiting = null;
      for (const event of events) this.receive(event);
    } catch {
      socket.close();
    }
  }

  private lost(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.set({ connected: false });
    window.setTimeout(() => this.open(), this.retry);
    this.retry = Math.min(this.retry * 2, LONGEST_RETRY);
  }

  private set(part: Partial<View>): void {
    this.view = { ...this.view, ...part };
    this.changed();
  }

  private receive(event: Event): void {
    if (this.waiting) {
      this.waiting.push(event);
    } else if (event.type === "message" || event.type === "changed") {
      this.place(event.message, event.type === "message");
    } else if (event.type === "deleted") {
      const left = (this.view.messages[event.channel] ?? []).filter((message) => message.ts !== event.ts);
      this.set({
        messages: { ...this.view.messages, [event.channel]: left },
        failures: without(this.view.failures, keyOf(event)),
      });
    } else if (this.view.state && event.type === "views") {
      this.set({ state: { ...this.view.state, views: event.views, homes: event.homes } });
    } else if (this.view.state && event.type === "channel") {
      const others = this.view.state.channels.filter((channel: Channel) => channel.id !== event.channel.id);
      this.set({ state: { ...this.view.state, channels: [...others, event.channel] } });
    } else if (this.view.state && event.type === "app") {
      const apps = this.view.state.apps.map((app) => (app.id === event.app.id ? event.app : app));
      const known = apps.some((app) => app.id === event.app.id);
      this.set({ state: { ...this.view.state, apps: known ? apps : [...apps, event.app] } });
    }
  }

  private place(message: Message, isNew: boolean): void {
    const { channel } = message;
    const messages = { ...this.view.messages, [channel]: placed(this.view.messages[channel] ?? [], message) };
    const news = isNew && message.user !== this.persona && channel !== this.viewing;
    const unread = news ? { ...this.view.unread, [channel]: (this.view.unread[channel] ?? 0) + 1 } : this.view.unread;
    this.set({ messages, unread, failures: without(this.view.failures, keyOf(message)) });
  }

  /** Which channel the person is looking at; null when another persona is. */
  look(channel: string | null): void {
    this.viewing = channel;
    if (channel && this.view.unread[channel]) this.set({ unread: without(this.view.unread, channel) });
  }

  /** True when it was taken; otherwise only the persona is told why, as Slack does. */
  async say(channel: string, text: string, thread: string | null, broadcast: boolean): Promise<boolean> {
    return this.told("say", channel, thread, { text, ...(broadcast ? { broadcast } : {}) });
  }

  /** A picture, with the words that stand in the message box. */
  async upload(channel: string, picture: File, text: string, thread: string | null): Promise<boolean> {
    const { name, type: mimetype } = picture;
    return this.told("upload", channel, thread, { text, name, mimetype, content: await encoded(picture) });
  }

  private async told(what: string, channel: string, thread: string | null, said: object): Promise<boolean> {
    const place = thread ? { channel, thread_ts: thread } : { channel };
    const answer = await protocol.post(`/page/${what}`, { as: this.persona, ...place, ...said });
    if (!answer.ok) this.notice(channel, answer.error, thread);
    return answer.ok;
  }

  /** Edits, deletes, reacts, or chooses a shortcut of a message; a refusal stands under it. */
  async change(message: Message, what: "edit" | "delete" | "react" | "shortcut", said: object = {}): Promise<void> {
    const { channel, ts } = message;
    const answer = await protocol.post(`/page/${what}`, { as: this.persona, channel, ts, ...said });
    this.fail(keyOf(message), answer);
  }

  /** Chooses a global shortcut; a refusal is told where the person is. */
  async shortcut(channel: string, callbackId: string): Promise<void> {
    const answer = await protocol.post("/page/shortcut", { as: this.persona, callback_id: callbackId });
    if (!answer.ok) this.notice(channel, answer.error, null);
  }

  /** Looks at one of an app's tabs, of which the app is told. */
  async lookAt(app: string, tab: string): Promise<void> {
    await protocol.post("/page/home", { as: this.persona, app, tab });
  }

  async submit(view: protocol.View): Promise<void> {
    const key = keyOfView(view);
    await this.queues.get(key);
    const values = valuesOf(view.blocks, this.view.choices[key] ?? {});
    this.fail(key, await protocol.post("/page/submit", { as: this.persona, view: view.id, values }));
  }

  async close(view: protocol.View, whole: boolean): Promise<void> {
    await protocol.post("/page/close", { as: this.persona, view: view.id, whole });
  }

  /** Keeps a file for a field of a modal; what stands there then, or why it is not kept. */
  async keep(file: File): Promise<protocol.Kept | string> {
    const { name, type: mimetype } = file;
    const answer = await protocol.post("/page/file", { as: this.persona, name, mimetype, content: await encoded(file) });
    if (!answer.ok) return answer.error;
    return answer.file ?? "The file was not kept.";
  }

  private fail(key: string, answer: protocol.Answer): void {
    const failures = without(this.view.failures, key);
    this.set({ failures: answer.ok ? failures : { ...failures, [key]: answer.error } });
  }

  private notice(channel: string, text: string, thread: string | null): void {
    this.noticed += 1;
    const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    const ts = `${(Date.now() / 1000).toFixed(3)}${String(900 + (this.noticed % 100))}`;
    const notice: Message = { ts, channel, thread_ts: thread, user: PAGE_AUTHOR, text: escaped, ephemeral: true, edited: false };
    this.notices.push(notice);
    this.place(notice, true);
  }

  hold(message: Message, blockId: string, element: Fields, held: Held): void {
    this.holdIn(keyOf(message), blockId, element, held);
  }

  /** Keeps what is chosen in the message or modal with this key. */
  holdIn(key: string, blockId: string, element: Fields, held: Held): void {
    const choices = withHeld(this.view.choices[key], blockId, element, held);
    this.set({ choices: { ...this.view.choices, [key]: choices } });
  }

  send(message: Message, blockId: string, element: Fields, action: Held): Promise<void> {
    const { channel, ts } = message;
    return this.sendIn(keyOf(message), message.blocks ?? [], { channel, ts }, blockId, element, action);
  }

  sendInView(view: protocol.View, blockId: string, element: Fields, action: Held): Promise<void> {
    return this.sendIn(keyOfView(view), view.blocks, { view: view.id }, blockId, element, action);
  }

  /** Sends a block action; those of one message or modal go out in the order they were made. */
  private sendIn(
    key: string,
    blocks: Fields[],
    place: object,
    blockId: string,
    element: Fields,
    action: Held,
  ): Promise<void> {
    const request = {
      as: this.persona,
      ...place,
      block_id: blockId,
      action_id: String(element.action_id ?? ""),
      action,
      state: { values: valuesOf(blocks, this.view.choices[key] ?? {}) },
    };
    this.fail(key, { ok: true });
    const sent = (this.queues.get(key) ?? Promise.resolve()).then(async () => {
      const answer = await protocol.post("/page/act", request);
      if (!answer.ok) this.fail(key, answer);
    });
    this.queues.set(key, sent);
    return sent;
  }
}

/** The desks of all personas, as one store. */
export class Desks {
  version = 0;
  private readonly desks = new Map<string, Desk>();
  private readonly watchers = new Set<() => void>();

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  desk(persona: string): Desk {
    const known = this.desks.get(persona);
    if (known) return known;
    const desk = new Desk(persona, () => {
      this.version += 1;
      for (const watcher of this.watchers) watcher();
    });
    this.desks.set(persona, desk);
    desk.open();
    return desk;
  }
}

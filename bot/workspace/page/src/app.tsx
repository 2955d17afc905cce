import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import { Asking } from "./acting";
import { Conversation } from "./conversation";
import { Desks, keyOfView } from "./desk";
import { Home, type Tab, Tabs } from "./home";
import { CloseIcon, MenuIcon, MoonIcon, SunIcon } from "./icons";
import { Modal } from "./modal";
import { Offline } from "./offline";
import { readState, type State } from "./protocol";
import { Sidebar } from "./sidebar";
import { nameOf, type Surroundings, SurroundingsContext } from "./surroundings";
import { useTheme } from "./theme";

const desks = new Desks();

/** Who and where stands in the address (`?as=U…#/C…/TS`), so that each tab can be another person, and reloading changes nothing. */
function place(): { as: string | null; channel: string; ts: string | null } {
  const [, channel = "", ts = null] = window.location.hash.split("/");
  return { as: new URLSearchParams(window.location.search).get("as"), channel, ts };
}

/** The thread of the message that the address names, where it is a reply. */
function threadOf(state: State, { channel, ts }: { channel: string; ts: string | null }): string | null {
  return state.messages[channel]?.find((message) => message.ts === ts)?.thread_ts ?? null;
}

function Workspace({ first }: { first: State }) {
  useSyncExternalStore(desks.subscribe, () => desks.version);
  const [start] = useState(place);
  const [me, setMe] = useState(first.me);
  const [channelId, setChannelId] = useState(start.channel);
  const [thread, setThread] = useState<string | null>(() => threadOf(first, start));
  const [menu, setMenu] = useState(false);
  const [tab, setTab] = useState<Tab>("messages");
  const { theme, toggle } = useTheme();
  const opener = useRef<HTMLButtonElement>(null);
  const closer = useRef<HTMLButtonElement>(null);
  const view = desks.desk(me).view;
  const state = view.state ?? { ...first, me };
  const channel =
    state.channels.find((one) => one.id === channelId) ??
    state.channels.find((one) => one.kind === "channel") ??
    state.channels[0];
  const surroundings = useMemo<Surroundings>(
    () => ({
      theme,
      me,
      users: new Map(state.users.map((user) => [user.id, user])),
      channels: new Map(state.channels.map((one) => [one.id, one])),
    }),
    [theme, me, state.users, state.channels],
  );
  const modal = state.views.at(-1);
  const app = channel?.kind === "im" ? state.apps.find((one) => one.home && one.bot_user_id === channel.user) : undefined;
  const home = state.homes.find((one) => one.app_id === app?.id);
  const title = !channel
    ? ""
    : channel.kind === "im"
      ? nameOf(surroundings.users.get(channel.user ?? ""), channel.name)
      : `#${channel.name}`;

  useEffect(() => {
    for (const persona of first.personas) desks.desk(persona.id).look(persona.id === me ? (channel?.id ?? null) : null);
    window.history.replaceState(null, "", `?as=${encodeURIComponent(me)}#/${channel?.id ?? ""}`);
    document.title = `${title} – ${state.team.name}`;
  }, [me, channel?.id, title, first.personas, state.team.name]);

  // A permalink leads to its message, once that has been drawn.
  const sought = useRef(start.ts);
  useEffect(() => {
    const found =
      sought.current && view.state
        ? document.querySelector<HTMLElement>(`article[data-ts="${CSS.escape(sought.current)}"]`)
        : null;
    if (!found) return;
    sought.current = null;
    found.scrollIntoView({ block: "center" });
    found.focus({ preventScroll: true });
  });

  const go = (id: string) => {
    setChannelId(id);
    setThread(null);
    setMenu(false);
  };
  const become = (persona: string) => {
    setMe(persona);
    setThread(null);
  };
  const closeMenu = () => setMenu(false);
  // The list covers a phone: whoever opens it goes into it, whoever closes it comes back.
  const covered = useRef(false);
  useEffect(() => {
    if (menu) closer.current?.focus();
    else if (covered.current) opener.current?.focus();
    covered.current = menu;
  }, [menu]);
  return (
    <SurroundingsContext.Provider value={surroundings}>
      <Asking>
        <div
          className={`workspace${menu ? " workspace-menu" : ""}`}
          onKeyDown={(event) => menu && event.key === "Escape" && closeMenu()}
        >
          <aside className="sidebar" id="sidebar" aria-label="People and channels">
            <button
              ref={closer}
              type="button"
              className="icon-button close-menu"
              aria-label="Close the list of channels"
              onClick={closeMenu}
            >
              <CloseIcon />
            </button>
            <Sidebar
              state={state}
              me={me}
              personas={first.personas}
              current={channel?.id ?? ""}
              unread={view.unread}
              viewOf={(persona) => desks.desk(persona).view}
              become={become}
              go={go}
            />
          </aside>
          <main className="content">
            <header className="bar">
              <button
                ref={opener}
                type="button"
                className="icon-button open-menu"
                aria-label="Channels and people"
                aria-expanded={menu}
                aria-controls="sidebar"
                onClick={() => setMenu(true)}
              >
                <MenuIcon />
              </button>
              <h1>
                <bdi>{title}</bdi>
                {channel?.topic && <span className="quiet topic">{channel.topic}</span>}
              </h1>
              <button
                type="button"
                className="icon-button"
                aria-label={theme === "dark" ? "Use light colours" : "Use dark colours"}
                onClick={toggle}
              >
                {theme === "dark" ? <SunIcon /> : <MoonIcon />}
              </button>
            </header>
            <Offline apps={state.apps} connected={view.connected || view.state === null} />
            {app && <Tabs tab={tab} choose={setTab} />}
            {app && tab === "home" ? (
              <Home
                key={`${me} ${app.id}`}
                app={app}
                view={home}
                desk={desks.desk(me)}
                choices={home && view.choices[keyOfView(home)]}
                failure={home && view.failures[keyOfView(home)]}
              />
            ) : channel ? (
              <Conversation
                key={`${me} ${channel.id}`}
                state={state}
                desk={desks.desk(me)}
                channel={channel}
                title={title}
                thread={thread}
                setThread={setThread}
              />
            ) : (
              <p className="empty">You are in no channel.</p>
            )}
            {modal && (
              <Modal
                key={`${me} ${modal.id}`}
                view={modal}
                desk={desks.desk(me)}
                choices={view.choices[keyOfView(modal)]}
                failure={view.failures[keyOfView(modal)]}
                pushed={state.views.length > 1}
              />
            )}
          </main>
        </div>
      </Asking>
    </SurroundingsContext.Provider>
  );
}

async function firstState(): Promise<State> {
  const { as } = place();
  try {
    return await readState(as);
  } catch (error) {
    if (as === null) throw error;
    return readState(null);
  }
}

const RETRY = 1000;

export function App() {
  const [first, setFirst] = useState<State | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let wanted = true;
    const read = () => {
      firstState().then(
        (state) => wanted && setFirst(state),
        () => {
          if (!wanted) return;
          setFailed(true);
          window.setTimeout(read, RETRY);
        },
      );
    };
    read();
    return () => {
      wanted = false;
    };
  }, []);
  if (!first)
    return (
      <p className="loading" role="status">
        {failed ? "The workspace is not answering. Trying again…" : "Opening the workspace…"}
      </p>
    );
  return <Workspace first={first} />;
}

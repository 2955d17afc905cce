import { Avatar } from "./avatar";
import type { View } from "./desk";
import type { Channel, Persona, State } from "./protocol";
import { nameOf, useSurroundings } from "./surroundings";

function News({ count }: { count: number }) {
  return count > 0 ? (
    <span className="news">
      {count}
      <span className="unseen"> new</span>
    </span>
  ) : null;
}

function total(unread: View["unread"]): number {
  return Object.values(unread).reduce((sum, count) => sum + count, 0);
}

interface PersonasProps {
  personas: Persona[];
  me: string;
  viewOf: (persona: string) => View;
  become: (persona: string) => void;
}

function Personas({ personas, me, viewOf, become }: PersonasProps) {
  return (
    <fieldset className="personas">
      <legend>You are</legend>
      {personas.map((persona) => (
        <label key={persona.id} className="persona">
          <input type="radio" name="persona" value={persona.id} checked={persona.id === me} onChange={() => become(persona.id)} />
          <Avatar id={persona.id} name={persona.real_name || persona.name} small />
          <span className="persona-name">
            <bdi>{persona.real_name || persona.name}</bdi>
            {persona.title && <span className="persona-title">{persona.title}</span>}
          </span>
          {persona.id !== me && <News count={total(viewOf(persona.id).unread)} />}
        </label>
      ))}
    </fieldset>
  );
}

function Places({
  title,
  channels,
  current,
  unread,
  go,
}: {
  title: string;
  channels: Channel[];
  current: string;
  unread: View["unread"];
  go: (id: string) => void;
}) {
  const { users } = useSurroundings();
  if (channels.length === 0) return null;
  return (
    <section className="places">
      <h2>{title}</h2>
      <ul>
        {channels.map((channel) => {
          const news = unread[channel.id] ?? 0;
          const user = channel.user ? users.get(channel.user) : undefined;
          return (
            <li key={channel.id}>
              <button
                type="button"
                className={`place${news > 0 ? " place-news" : ""}`}
                aria-current={channel.id === current ? "page" : undefined}
                onClick={() => go(channel.id)}
              >
                {channel.kind === "im" ? (
                  <Avatar id={channel.user ?? channel.id} name={nameOf(user, channel.name)} small isApp={user?.is_bot === true} />
                ) : (
                  <span className="hash" aria-hidden="true">
                    #
                  </span>
                )}
                <bdi>{channel.kind === "im" ? nameOf(user, channel.name) : channel.name}</bdi>
                {user?.is_bot === true && <span className="badge">APP</span>}
                <News count={news} />
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

export interface SidebarProps extends PersonasProps {
  state: State;
  current: string;
  unread: View["unread"];
  go: (channel: string) => void;
}

export function Sidebar({ state, current, unread, go, ...personas }: SidebarProps) {
  const byName = (one: Channel, other: Channel) => one.name.localeCompare(other.name);
  const channels = state.channels.filter((channel) => channel.kind === "channel").sort(byName);
  const direct = state.channels.filter((channel) => channel.kind === "im").sort(byName);
  return (
    <>
      <p className="team">{state.team.name}</p>
      <Personas {...personas} />
      <nav aria-label="Channels and direct messages">
        <Places title="Channels" channels={channels} current={current} unread={unread} go={go} />
        <Places title="Direct messages" channels={direct} current={current} unread={unread} go={go} />
      </nav>
    </>
  );
}

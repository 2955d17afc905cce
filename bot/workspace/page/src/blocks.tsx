/** The blocks of a message: frames and elements are ours, because they act; texts and all else are drawn by slack-blocks-to-jsx. */
import { Component, createContext, type ReactNode, useContext, useId, useMemo } from "react";

import { Element, NotDrawn } from "./elements/element";
import type { Fields, Json } from "./protocol";
import { Drawn, richText, Text, words } from "./richtext";
import { useNow } from "./surroundings";
import { fields, listed } from "./values";

interface BlockProps {
  block: Fields;
  blockId: string;
}

function Header({ block }: BlockProps) {
  return (
    <h3 className="block-header">
      <Text text={block.text} />
    </h3>
  );
}

function Picture({ block }: { block: Fields }) {
  return (
    <img className="picture" src={String(block.image_url ?? fields(block.slack_file).url ?? "")} alt={words(block.alt_text)} />
  );
}

function Section({ block, blockId }: BlockProps) {
  const id = useId();
  const accessory = fields(block.accessory);
  const stacked = accessory.type === "checkboxes" || accessory.type === "radio_buttons";
  return (
    <div className={`section${stacked ? " section-stacked" : ""}`}>
      <div className="section-text" id={id}>
        {block.text !== undefined && <Text text={block.text} />}
        {listed(block.fields).length > 0 && (
          <div className="fields">
            {listed(block.fields).map((field, index) => (
              <Text key={index} text={field} />
            ))}
          </div>
        )}
      </div>
      {accessory.type === "image" && (
        <div className="accessory">
          <Picture block={accessory} />
        </div>
      )}
      {accessory.type !== undefined && accessory.type !== "image" && (
        <div className="accessory">
          <Element blockId={blockId} element={accessory} labelledBy={id} />
        </div>
      )}
    </div>
  );
}

function Context({ block }: BlockProps) {
  return (
    <div className="context">
      {listed(block.elements).map((element, index) =>
        element.type === "image" ? <Picture key={index} block={element} /> : <Text key={index} text={element} />,
      )}
    </div>
  );
}

function Actions({ block, blockId }: BlockProps) {
  return (
    <div className="actions">
      {listed(block.elements).map((element, index) => (
        <Element key={String(element.action_id ?? index)} blockId={blockId} element={element} />
      ))}
    </div>
  );
}

/** Block id → what is wrong with what stands in it; only modals have faults. */
export const FieldErrors = createContext<Readonly<Record<string, string>>>({});

function Input({ block, blockId }: BlockProps) {
  const id = useId();
  const error = useContext(FieldErrors)[blockId];
  const element = fields(block.element);
  return (
    <div
      className="input-block"
      data-focus={element.focus_on_load === true || undefined}
      data-failed={error !== undefined || undefined}
    >
      <div id={id} className="input-label">
        <Text text={block.label} />
        {block.optional === true && <span className="quiet">(optional)</span>}
      </div>
      <Element
        blockId={blockId}
        element={element}
        labelledBy={error ? `${id} ${id}-error` : id}
        silent={block.dispatch_action !== true}
      />
      {error && (
        <p id={`${id}-error`} className="failure">
          {error}
        </p>
      )}
      {block.hint !== undefined && (
        <div className="quiet">
          <Text text={block.hint} />
        </div>
      )}
    </div>
  );
}

function Cell({ cell }: { cell: Json | undefined }) {
  const now = useNow();
  const { type, elements, text, value } = fields(cell);
  const drawn = useMemo(() => [richText(elements, now)], [elements, now]);
  // Raw cells are data: nothing in them is read, so they are written out as they are.
  return type === "rich_text" ? <Drawn blocks={drawn} /> : <bdi>{String(text ?? value ?? "")}</bdi>;
}

/** A table scrolls in a box of its own, which a keyboard can reach; its first row names the columns. */
function Table({ block }: BlockProps) {
  const rows = (Array.isArray(block.rows) ? block.rows : []).map((row) => (Array.isArray(row) ? row : []));
  const settings = listed(block.column_settings);
  const caption = words(block.caption);
  const style = (column: number) => {
    const { align, is_wrapped } = settings[column] ?? {};
    return `cell-${String(align ?? "left")}${is_wrapped === true ? " cell-wrapped" : ""}`;
  };
  const [head, ...body] = rows;
  if (!head) return <NotDrawn what="block" type="table without rows" />;
  return (
    <div className="table" role="group" aria-label={caption || "Table"} tabIndex={0}>
      <table>
        {caption && <caption>{caption}</caption>}
        <thead>
          <tr>
            {head.map((cell, at) => (
              <th key={at} scope="col" className={style(at)}>
                <Cell cell={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row, index) => (
            <tr key={index}>
              {row.map((cell, at) => (
                <td key={at} className={style(at)}>
                  <Cell cell={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RichText({ block }: BlockProps) {
  const now = useNow();
  const blocks = useMemo(() => [richText(block.elements, now)], [block, now]);
  return <Drawn blocks={blocks} />;
}

function ImageBlock({ block }: BlockProps) {
  return (
    <figure className="figure">
      {block.title !== undefined && (
        <figcaption>
          <Text text={block.title} />
        </figcaption>
      )}
      <Picture block={block} />
    </figure>
  );
}

/** Kinds that the library draws as they come; the block's id would become an id of the page. */
const LIBRARY = new Set(["markdown", "data_visualization", "alert", "plan", "task_card", "container"]);

function Library({ block }: BlockProps) {
  const blocks = useMemo(() => [{ ...block, block_id: undefined }], [block]);
  return <Drawn blocks={blocks} />;
}

const KINDS: Record<string, (props: BlockProps) => ReactNode> = {
  header: Header,
  section: Section,
  context: Context,
  actions: Actions,
  input: Input,
  table: Table,
  data_table: Table,
  rich_text: RichText,
  image: ImageBlock,
  divider: () => <hr className="divider" />,
};

/** A block that cannot be drawn must not take the page with it. */
class Guard extends Component<{ block: Fields; children: ReactNode }, { block: Fields; broken: boolean }> {
  override state = { block: this.props.block, broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  /** A block that was changed gets another try. */
  static getDerivedStateFromProps({ block }: { block: Fields }, state: { block: Fields }) {
    return block === state.block ? null : { block, broken: false };
  }

  override render() {
    return this.state.broken ? <NotDrawn what="block" type={String(this.props.block.type)} /> : this.props.children;
  }
}

export function Blocks({ blocks }: { blocks: Fields[] }) {
  return (
    <div className="blocks">
      {blocks.map((block, index) => {
        const type = String(block.type);
        const Kind = KINDS[type] ?? (LIBRARY.has(type) ? Library : null);
        return (
          <Guard key={`${index} ${type} ${String(block.block_id ?? "")}`} block={block}>
            {Kind ? <Kind block={block} blockId={String(block.block_id ?? "")} /> : <NotDrawn what="block" type={type} />}
          </Guard>
        );
      })}
    </div>
  );
}

// The table of every list: dense, sorted by its headings, walked with the arrow keys, and on a phone
// a column of cards. Its rows lead somewhere by the link in their first cell.
import { Checkbox, Skeleton } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { memo, useCallback, useEffect, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import classes from './DataTable.module.css';
import { nextSort } from './next_sort';

export interface Column<Row> {
  key: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** The API's name of the order, where the list can be in it. */
  sort?: string;
  /** The way round that is asked for first. */
  first?: 'up' | 'down';
  align?: 'right';
  width?: string;
  /** Only where the window is wide. */
  wide?: boolean;
  /** Where it stands in the card of a phone; left out there when it says nothing. */
  phone?: 'title' | 'mark' | 'line' | 'corner';
}

/** Rows that are picked for something to be done with all of them. */
export interface Selection<Row> {
  chosen: ReadonlySet<string>; // keys
  onChange: (chosen: ReadonlySet<string>) => void;
  labelOf: (row: Row) => string;
}

interface Props<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[] | undefined; // undefined: still loading
  stale?: boolean; // the rows answer what was asked before
  keyOf: (row: Row) => string;
  linkOf?: (row: Row) => string;
  sort?: string; // "-at": by at, downwards
  onSort?: (sort: string) => void;
  selection?: Selection<Row> | undefined;
}

function SelectAll<Row>({ rows, keyOf, selection }: {
  rows: readonly Row[] | undefined;
  keyOf: (row: Row) => string;
  selection: Selection<Row>;
}) {
  const { t } = useTranslation();
  const keys = rows?.map(keyOf) ?? [];
  const all = keys.length > 0 && keys.every((key) => selection.chosen.has(key));
  return (
    <th scope="col" data-select>
      <Checkbox
        size="xs" aria-label={t('choosing.all')} checked={all} disabled={keys.length === 0}
        indeterminate={!all && selection.chosen.size > 0} onChange={() => selection.onChange(new Set(all ? [] : keys))}
      />
    </th>
  );
}

function moveFocus(event: KeyboardEvent<HTMLTableSectionElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-row-link]')];
  const at = links.findIndex((link) => link === document.activeElement);
  const next = links[at < 0 ? 0 : at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function Heading<Row>({ column, sort, onSort }: {
  column: Column<Row>;
  sort: string | undefined;
  onSort: ((sort: string) => void) | undefined;
}) {
  const by = column.sort;
  const direction = by && sort === by ? 'ascending' : by && sort === `-${by}` ? 'descending' : undefined;
  return (
    <th scope="col" aria-sort={direction} data-align={column.align} data-wide={column.wide}
      style={{ width: column.width }}>
      {by && onSort ? (
        <button type="button" onClick={() => onSort(nextSort(sort, by, column.first))}>
          {column.title}
          {direction === 'ascending' ? <IconArrowUp size={14} aria-hidden /> : null}
          {direction === 'descending' ? <IconArrowDown size={14} aria-hidden /> : null}
        </button>
      ) : column.title}
    </th>
  );
}

interface LineProps<Row> {
  row: Row;
  id: string;
  columns: readonly Column<Row>[];
  to: string | undefined;
  /** Left out where rows cannot be picked. */
  label: string | undefined;
  chosen: boolean;
  onPick: (id: string, picked: boolean) => void;
}

// Optimisation: a line is drawn again only when something of it is new, and its box is the browser's
// own: fifty of the library's took two thirds of the time that another order of a list needs.
const Line = memo(function Line<Row>({ row, id, columns, to, label, chosen, onPick }: LineProps<Row>) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (
    <tr
      data-leads={to ? true : undefined}
      onClick={to ? (event) => {
        if (event.target instanceof Element && event.target.closest('a,button,[data-select]')) return;
        if (window.getSelection()?.toString()) return;
        void navigate(to);
      } : undefined}
    >
      {label === undefined ? null : (
        <td data-select data-phone="mark">
          <input
            type="checkbox" className={classes.tick} aria-label={t('choosing.one', { what: label })} checked={chosen}
            onChange={(event) => onPick(id, event.currentTarget.checked)}
          />
        </td>
      )}
      {columns.map((column, index) => (
        <td key={column.key} data-align={column.align} data-phone={column.phone} data-wide={column.wide}>
          {index === 0 && to ? (
            <Link to={to} data-row-link className={classes.link}>{column.cell(row)}</Link>
          ) : column.cell(row)}
        </td>
      ))}
    </tr>
  );
}) as <Row>(props: LineProps<Row>) => ReactNode;

function LoadingRows({ columns }: { columns: number }) {
  return Array.from({ length: 12 }, (_, row) => (
    <tr key={row} aria-hidden className={classes.loading}>
      {Array.from({ length: columns }, (_, cell) => (
        <td key={cell}><Skeleton height={12} width={`${45 + ((row * 7 + cell * 13) % 40)}%`} /></td>
      ))}
    </tr>
  ));
}

export function DataTable<Row>(props: Props<Row>) {
  const { t } = useTranslation();
  const { columns, rows, linkOf, keyOf, selection } = props;
  const latest = useRef(selection);
  useEffect(() => {
    latest.current = selection;
  });
  const pick = useCallback((id: string, picked: boolean) => {
    const chosen = new Set(latest.current?.chosen);
    if (picked) chosen.add(id);
    else chosen.delete(id);
    latest.current?.onChange(chosen);
  }, []);
  return (
    <div className={classes.frame}>
      <table className={classes.table} aria-label={props.label} aria-busy={rows === undefined || props.stale === true}>
        <thead>
          <tr>
            {props.selection ? <SelectAll rows={rows} keyOf={props.keyOf} selection={props.selection} /> : null}
            {columns.map((column) => (
              <Heading key={column.key} column={column} sort={props.sort} onSort={props.onSort} />
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={moveFocus}>
          {rows === undefined ? <LoadingRows columns={columns.length + (props.selection ? 1 : 0)} /> : rows.map((row) => {
            const id = keyOf(row);
            return (
              <Line
                key={id} row={row} id={id} columns={columns} to={linkOf?.(row)} label={selection?.labelOf(row)}
                chosen={selection?.chosen.has(id) ?? false} onPick={pick}
              />
            );
          })}
        </tbody>
      </table>
      {rows === undefined ? <p className={classes.unseen} role="status">{t('list.loading')}</p> : null}
    </div>
  );
}

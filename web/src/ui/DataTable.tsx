// The table of every list: dense, sorted by its headings, walked with the arrow keys, and on a phone
// a column of cards. Its rows lead somewhere by the link in their first cell.
import { Skeleton } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import type { KeyboardEvent, ReactNode } from 'react';
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

interface Props<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[] | undefined; // undefined: still loading
  keyOf: (row: Row) => string;
  linkOf?: (row: Row) => string;
  sort?: string; // "-at": by at, downwards
  onSort?: (sort: string) => void;
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
  const navigate = useNavigate();
  const { columns, rows, linkOf } = props;
  return (
    <div className={classes.frame}>
      <table className={classes.table} aria-label={props.label} aria-busy={rows === undefined}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.key} column={column} sort={props.sort} onSort={props.onSort} />
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={moveFocus}>
          {rows === undefined ? <LoadingRows columns={columns.length} /> : rows.map((row) => {
            const to = linkOf?.(row);
            return (
              <tr
                key={props.keyOf(row)}
                data-leads={to ? true : undefined}
                onClick={to ? (event) => {
                  if (event.target instanceof Element && event.target.closest('a,button')) return;
                  if (window.getSelection()?.toString()) return;
                  void navigate(to);
                } : undefined}
              >
                {columns.map((column, index) => (
                  <td key={column.key} data-align={column.align} data-phone={column.phone} data-wide={column.wide}>
                    {index === 0 && to ? (
                      <Link to={to} data-row-link className={classes.link}>{column.cell(row)}</Link>
                    ) : column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      {rows === undefined ? <p className={classes.unseen} role="status">{t('list.loading')}</p> : null}
    </div>
  );
}

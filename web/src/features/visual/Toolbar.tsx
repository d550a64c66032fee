import { ActionIcon, Menu, NativeSelect } from '@mantine/core';
import {
  IconAlignCenter, IconAlignLeft, IconAlignRight, IconArrowBackUp, IconArrowForwardUp, IconBold, IconClearFormatting,
  IconItalic, IconLink, IconList, IconListNumbers, IconPhoto, IconTable, IconUnderline, type Icon,
} from '@tabler/icons-react';
import { useRef, type KeyboardEvent, type ReactNode, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { kBlocks, type Block, type Command, type Place } from './protocol';
import classes from './Visual.module.css';

export type Asked = 'link' | 'image' | 'table';

interface Props {
  place: Place;
  bar: RefObject<HTMLDivElement | null>;
  onBlock: (block: Block) => void;
  onCommand: (command: Command) => void;
  onAsk: (what: Asked) => void;
  onLeave: () => void;
}

const kGroups: readonly (readonly (readonly [Command, Icon])[])[] = [
  [['Undo', IconArrowBackUp], ['Redo', IconArrowForwardUp]],
  [['Bold', IconBold], ['Italic', IconItalic], ['Underline', IconUnderline], ['RemoveFormat', IconClearFormatting]],
  [['InsertUnorderedList', IconList], ['InsertOrderedList', IconListNumbers]],
  [['JustifyLeft', IconAlignLeft], ['JustifyCenter', IconAlignCenter], ['JustifyRight', IconAlignRight]],
];
const kToggles = new Set<Command>(kGroups.slice(1).flat().map(([command]) => command).filter((each) => each !== 'RemoveFormat'));
const kOfTable: readonly Command[] = [
  'mceTableInsertRowBefore', 'mceTableInsertRowAfter', 'mceTableDeleteRow', 'mceTableInsertColBefore',
  'mceTableInsertColAfter', 'mceTableDeleteCol', 'mceTableDelete',
];

// The cursor stays in the text.
const stay = { onMouseDown: (event: { preventDefault: () => void }) => event.preventDefault() };

/** One stop of the Tab key; the arrows go from button to button. */
function Bar(props: { bar: RefObject<HTMLDivElement | null>; label: string; onLeave: () => void; children: ReactNode }) {
  const last = useRef<HTMLElement | null>(null);
  const buttons = () => [...props.bar.current?.querySelectorAll<HTMLElement>('[data-tool]:not(:disabled)') ?? []];
  const go = (event: KeyboardEvent) => {
    const all = buttons();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === 'Escape' && at >= 0) props.onLeave();
    else if (to === undefined || at < 0) return;
    all[(to ?? at) < 0 ? all.length - 1 : (to ?? at) % all.length]?.focus();
    if (event.key === 'Escape') props.onLeave();
    event.preventDefault();
  };
  return (
    <div
      ref={props.bar} role="toolbar" aria-label={props.label} className={classes.bar} onKeyDown={go}
      onFocus={(event) => {
        if (last.current) last.current.tabIndex = -1;
        last.current = event.target;
        event.target.tabIndex = 0;
      }}
    >
      {props.children}
    </div>
  );
}

function Tool(props: { label: string; icon: Icon; pressed?: boolean | undefined; disabled?: boolean; first?: boolean; onClick?: () => void }) {
  const { label, icon: Picture, pressed, disabled = false, first = false, onClick, ...rest } = props;
  return (
    <ActionIcon
      {...rest} {...stay} data-tool size={34} variant={pressed ? 'light' : 'subtle'} color="gray" c="var(--ink)" title={label}
      aria-label={label} aria-pressed={pressed} disabled={disabled} tabIndex={first ? 0 : -1} onClick={onClick}
    >
      <Picture size={19} aria-hidden />
    </ActionIcon>
  );
}

function TableTool({ place, onAsk, onCommand }: Props) {
  const { t } = useTranslation();
  if (!place.inTable) return <Tool label={t('visual.table')} icon={IconTable} onClick={() => onAsk('table')} />;
  return (
    <Menu shadow="md" returnFocus={false}>
      <Menu.Target>
        <ActionIcon {...stay} data-tool size={34} variant="light" color="gray" c="var(--ink)" title={t('visual.table')}
          aria-label={t('visual.table')} tabIndex={-1}>
          <IconTable size={19} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {kOfTable.map((command) => (
          <Menu.Item key={command} onClick={() => onCommand(command)}>{t(`visual.command.${command as 'Bold'}`)}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** What can be done to the text at the cursor. */
export function Toolbar(props: Props) {
  const { t } = useTranslation();
  const { place, onAsk, onCommand, onBlock } = props;
  const isOff = (command: Command) => (command === 'Undo' && !place.hasUndo) || (command === 'Redo' && !place.hasRedo);
  return (
    <div className={classes.tools}>
      <NativeSelect
        size="sm" aria-label={t('visual.block_kind')} value={place.block}
        data={[...(place.block === '' ? [{ value: '', label: '–' }] : []),
          ...kBlocks.map((value) => ({ value, label: t(`visual.block.${value}`) }))]}
        onChange={(event) => onBlock(event.currentTarget.value as Block)}
      />
      <Bar bar={props.bar} label={t('visual.tools')} onLeave={props.onLeave}>
        {kGroups.map((group, i) => (
          <span key={group[0]?.[0]} className={classes.group}>
            {group.map(([command, icon], k) => (
              <Tool
                key={command} label={t(`visual.command.${command as 'Bold'}`)} icon={icon} disabled={isOff(command)}
                first={i === 1 && k === 0} pressed={kToggles.has(command) ? place.on.includes(command) : undefined}
                onClick={() => onCommand(command)}
              />
            ))}
          </span>
        ))}
        <span className={classes.group}>
          <Tool label={t('visual.link')} icon={IconLink} pressed={place.link !== null} onClick={() => onAsk('link')} />
          <Tool label={t('visual.image')} icon={IconPhoto} pressed={place.image !== null} onClick={() => onAsk('image')} />
          <TableTool {...props} />
        </span>
      </Bar>
    </div>
  );
}

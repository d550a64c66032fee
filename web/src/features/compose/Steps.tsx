import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import classes from './Compose.module.css';

export const kSteps = ['audience', 'content', 'check', 'send'] as const;
export type Step = (typeof kSteps)[number];

export function pathOf(id: string, step: Step): string {
  return step === 'audience' ? `/compose/${id}` : `/compose/${id}/${step}`;
}

/** Where one is; every step can be gone to at any time. */
export function Steps({ id, at }: { id: string; at: Step }) {
  const { t } = useTranslation();
  return (
    <nav aria-label={t('compose.steps')} className={classes.steps}>
      <ol>
        {kSteps.map((step, index) => (
          <li key={step}>
            <Link to={pathOf(id, step)} aria-current={step === at ? 'step' : undefined}>
              <span className={classes.number}>{index + 1}</span>
              {t(`compose.step.${step}`)}
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}

// The languages of the screens. One catalogue each, of which only the chosen one is loaded; the
// English one says which keys there are (catalogue.test.ts holds the others against it, and tsc
// refuses a key that is not in it).
import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import type en from './en.json';

export const kLanguages = { en: 'English', nl: 'Nederlands', pl: 'Polski', fr: 'Français' } as const;
export type Language = keyof typeof kLanguages;

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
    returnNull: false;
  }
}

const kStored = 'tidings.language';

const catalogues: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import('./en.json'),
  nl: () => import('./nl.json'),
  pl: () => import('./pl.json'),
  fr: () => import('./fr.json'),
};

/** The language for a list of wishes such as navigator.languages; English for none of ours. */
export function languageFor(wishes: readonly string[]): Language {
  for (const wish of wishes) {
    const found = Object.keys(kLanguages).find((each) => each === wish.slice(0, 2).toLowerCase());
    if (found) return found as Language;
  }
  return 'en';
}

export function storedLanguage(): string | null {
  try {
    return localStorage.getItem(kStored);
  } catch {
    return null;
  }
}

async function load(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, 'translation')) return;
  const { default: catalogue } = await catalogues[language]();
  i18next.addResourceBundle(language, 'translation', catalogue);
}

export async function startLanguage(): Promise<void> {
  const stored = storedLanguage();
  const language = languageFor(stored ? [stored] : navigator.languages);
  await i18next.use(initReactI18next).init({
    resources: {},
    lng: language,
    fallbackLng: false,
    showSupportNotice: false,
    returnNull: false,
    interpolation: { escapeValue: false }, // React escapes
  });
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export async function chooseLanguage(language: Language): Promise<void> {
  try {
    localStorage.setItem(kStored, language);
  } catch {
    // A browser that keeps nothing still shows the language until it is closed.
  }
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export function useLanguage(): Language {
  const { i18n } = useTranslation();
  return languageFor([i18n.language]);
}

/** How times and numbers are written: the browser's own kind of the chosen language, where it has one. */
export function useLocale(): string {
  const language = useLanguage();
  return formatLocale(language, navigator.languages);
}

/** English of nowhere in particular is written as in Europe: 22 Nov. Pure. */
export function formatLocale(language: Language, wishes: readonly string[]): string {
  const own = wishes.find((wish) => wish.toLowerCase().startsWith(`${language}-`));
  return own ?? (language === 'en' ? 'en-GB' : language);
}

// The look, declared once: one accent, neutral greys, an 8-pixel grid. Colours by meaning are CSS
// variables in base.css.
import { createTheme, Menu, type MantineColorsTuple } from '@mantine/core';

const tide: MantineColorsTuple = [
  '#eaf6f6', '#d5eaea', '#a9d4d5', '#7abdbe', '#53a9ab', '#3a9c9f', '#2a8a8d', '#14767a', '#0e6467',
  '#084f52',
];

// The greys of the dark scheme, as base.css has them.
const dark: MantineColorsTuple = [
  '#e8e6e1', '#b9bfc5', '#979ea6', '#6b737b', '#424a52', '#343b42', '#23282d', '#1c2024', '#181c1f',
  '#121517',
];

export const theme = createTheme({
  primaryColor: 'tide',
  primaryShade: { light: 8, dark: 7 },
  colors: { tide, dark },
  autoContrast: true,
  fontFamily: "'Source Sans 3 Variable', 'Source Sans 3', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'DejaVu Sans Mono', 'Cascadia Mono', Menlo, monospace",
  headings: {
    fontFamily: "'Source Serif 4 Variable', 'Source Serif 4', Georgia, serif",
    fontWeight: '500',
  },
  fontSizes: { xs: '13px', sm: '15px', md: '16px', lg: '18px', xl: '20px' },
  spacing: { xs: '8px', sm: '12px', md: '16px', lg: '24px', xl: '32px' },
  defaultRadius: 6,
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    // The first item has the focus, not an element that a menu may not hold.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
  },
});

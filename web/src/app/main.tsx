import '@mantine/core/styles.css';
import './fonts.css';
import './base.css';
import { createRoot } from 'react-dom/client';
import { setNonce } from 'get-nonce';
import { startLanguage } from '../lib/language/language';
import { App } from './App';
import { styleNonce } from './nonce';

// Styles that a component adds while a dialog is open.
setNonce(styleNonce());

void startLanguage().then(() => {
  const root = document.getElementById('root');
  if (root) createRoot(root).render(<App />);
});

/** Puts a text where the cursor is. */
export type Insert = (text: string) => void;

export function insertAt(box: HTMLInputElement | null, text: string, put: (value: string) => void): void {
  if (!box) return;
  const from = box.selectionStart ?? box.value.length;
  const to = box.selectionEnd ?? from;
  put(box.value.slice(0, from) + text + box.value.slice(to));
  // When the field shows it.
  requestAnimationFrame(() => {
    box.focus();
    box.setSelectionRange(from + text.length, from + text.length);
  });
}

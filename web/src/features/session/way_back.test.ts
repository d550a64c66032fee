import { expect, it } from 'vitest';
import { wayBack } from './way_back';

it('goes back to a view of ours with its filters', () => {
  expect(wayBack('/communications?status=bounced&sort=-at')).toBe('/communications?status=bounced&sort=-at');
});

it('never leads to another host, nor round in circles', () => {
  for (const bad of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)',
    '/\tevil', '', null, '/sign-in?to=/', '/welcome']) {
    expect(wayBack(bad)).toBe('/overview');
  }
});

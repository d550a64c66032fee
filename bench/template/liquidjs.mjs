// The peer of bench_template: liquidjs renders the same template with the same values, parsed once.
// Input on stdin: {template, values: [...], seconds}. Output: one line of JSON.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(new URL('../../tests/peers/package.json', import.meta.url))
const { Liquid } = require('liquidjs')
const { template, values, seconds } = JSON.parse(readFileSync(0, 'utf8'))
const engine = new Liquid({ outputEscape: 'escape' })
const parsed = engine.parse(template)
const outputs = values.map(v => engine.renderSync(parsed, v))
for (let i = 0; i < 2000; i++) engine.renderSync(parsed, values[i % values.length]) // let it warm up
const cpu = process.cpuUsage()
const start = process.hrtime.bigint()
let n = 0
let bytes = 0
while (Number(process.hrtime.bigint() - start) < seconds * 1e9) {
  for (let i = 0; i < 100; i++, n++) bytes += engine.renderSync(parsed, values[n % values.length]).length
}
const took = Number(process.hrtime.bigint() - start) / 1e9
const used = process.cpuUsage(cpu)
console.log(JSON.stringify({
  n, bytes, per_s: n / took, cpu_us_each: (used.user + used.system) / n,
  rss_mb: process.memoryUsage().rss / 1048576, outputs
}))

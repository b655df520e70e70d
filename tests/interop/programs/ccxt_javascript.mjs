// Every call of the list with ccxt in JavaScript, spot and swap; a JSON line each.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { Agent } from 'node:http'

const ccxt = createRequire(process.env.MODULES + '/')('ccxt')
const sim = JSON.parse(process.env.SIM)
const calls = JSON.parse(readFileSync(new URL('ccxt_calls.json', import.meta.url)))

const filled = (value, saved) => {
  if (typeof value === 'string' && value.startsWith('$')) return saved[value.slice(1)]
  if (Array.isArray(value)) return value.map((one) => filled(one, saved))
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one, saved)]))
  }
  return value === null ? undefined : value
}

for (const [kind, symbol] of [['spot', 'BTC/USDT'], ['swap', 'BTC/USDT:USDT']]) {
  const client = new ccxt.coinex({ apiKey: sim.access_id, secret: sim.secret_key, options: { defaultType: kind } })
  client.urls.api.public = client.urls.api.private = sim.http
  client.agent = client.httpAgent = new Agent({ keepAlive: true })
  const saved = { symbol }
  for (const [area, method, parameters, name] of calls) {
    if (kind === 'spot' && (area === 'positions' || area === 'swap market')) continue
    let error = ''
    try {
      const answer = await client[method](...filled(parameters, saved))
      if (answer === undefined) error = 'no answer'
      if (name) saved[name] = answer.id
    } catch (problem) {
      error = `${problem.constructor.name}: ${problem.message}`
    }
    console.log(JSON.stringify({ area, call: `${kind} ${method}`, error: error.slice(0, 300) }))
  }
}

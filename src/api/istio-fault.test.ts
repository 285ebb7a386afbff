import { expect, test } from 'vitest'
import { caution, each, eachValue, refusal, refuseIf, warnIf } from './istio-fault.ts'

test('an error has the code of istioctl for refusals, a warning that for warnings', () => {
  expect(refusal('spec', 'no')).toMatchObject({ code: 'istio-refuses', severity: 'error', istio: 'IST0106' })
  expect(refusal('spec', 'no', 'no-rules')).toMatchObject({ code: 'no-rules' })
  expect(caution('spec', 'hm')).toMatchObject({ code: 'istio-warns', severity: 'warning', istio: 'IST0133' })
  expect([refuseIf(false, 'a', ''), refuseIf(true, 'a', '').length, warnIf(false, 'a', ''), warnIf(true, 'a', '').length]).toEqual([
    [],
    1,
    [],
    1
  ])
})

test('items and values are checked with their places', () => {
  expect(each(['x', 'y'], 'spec.a', (item, path) => [refusal(path, item)]).map(({ path, message }) => `${path} ${message}`)).toEqual([
    'spec.a[0] x',
    'spec.a[1] y'
  ])
  expect(eachValue({ k: 1 }, 'spec.m', (value, path, key) => [refusal(path, `${key}${value}`)])).toMatchObject([
    { path: 'spec.m["k"]', message: 'k1' }
  ])
  expect([each(undefined, '', () => [refusal('', '')]), eachValue(undefined, '', () => [refusal('', '')])]).toEqual([[], []])
})

import { describeGateway } from './gateway.ts'

describeGateway('deno')

import { testSpawner } from '../conformance.ts'
import { createSandboxBed } from './testing/bed.ts'

testSpawner('The sandbox', createSandboxBed)

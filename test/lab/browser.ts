import type { Browser } from 'playwright-core'
import { chromium } from 'playwright-core'

/** Debian's Chromium, without what it asks of the network for itself. */
export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

import type { Locator, Page } from 'playwright-core'

/** One JupyterLab in a browser, in the words of its user. */
export interface LabPage {
  page: Page
  /** The notebook, console or document in front. */
  front: Locator
  /** Goes to an address below the server's base, such as `lab/tree/a.ipynb`, and waits until the Lab is there. */
  open(path: string): Promise<void>
  /** Chooses from the menu bar, each name as it is written there. */
  choose(...names: string[]): Promise<void>
  /** A file or folder in the file browser. */
  item(name: string): Locator
  /** Chooses from an item's context menu. */
  chooseFor(name: string, ...names: string[]): Promise<void>
  /** Opens a new notebook from the launcher. */
  createNotebook(): Promise<void>
  /** Writes into the selected cell of the notebook in front, runs it and goes to the next. */
  run(code: string): Promise<void>
  /** The outputs of the notebook in front. */
  outputs: Locator
  /** Waits until the kernel of the notebook in front rests. */
  idle(): Promise<void>
  dialog: Locator
}

export function createLabPage(page: Page, base: string): LabPage {
  const front = page.locator('.jp-MainAreaWidget:not(.lm-mod-hidden)')
  const item = (name: string) => page.locator('.jp-DirListing-item', { has: page.getByText(name, { exact: true }) })
  const chooseFromMenu = async (names: string[]) => {
    for (const name of names) {
      await page.locator('.lm-Menu-item:not(.lm-mod-hidden)', { has: page.getByText(name, { exact: true }) }).click()
    }
  }
  return {
    page,
    front,
    item,
    outputs: front.locator('.jp-OutputArea-output'),
    dialog: page.locator('.jp-Dialog'),
    async open(path) {
      await page.goto(base + path)
      await front.first().waitFor()
      await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' })
    },
    async choose(menu, ...names) {
      await page.locator('.lm-MenuBar-item', { hasText: new RegExp(`^${menu}$`) }).click()
      await chooseFromMenu(names)
    },
    async chooseFor(name, ...names) {
      await item(name).click({ button: 'right' })
      await chooseFromMenu(names)
    },
    async createNotebook() {
      await page.locator('.jp-LauncherCard[data-category="Notebook"]').first().click()
      // Behind the spinner lies a first cell that the one of the file takes the place of.
      await page.locator('.jp-NotebookPanel:not(.lm-mod-hidden):not(:has(.jp-Spinner)) .cm-content').first().waitFor()
    },
    async run(code) {
      const cell = front.locator('.jp-Notebook-cell.jp-mod-selected')
      await cell.locator('.cm-content').fill(code)
      await page.keyboard.press('Shift+Enter')
    },
    async idle() {
      await front.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').waitFor()
    },
  }
}

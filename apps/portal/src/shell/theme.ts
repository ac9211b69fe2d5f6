import {
  Autocomplete,
  createTheme,
  defaultVariantColorsResolver,
  Menu,
  NativeSelect,
  PasswordInput,
  TextInput,
  type CSSVariablesResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from '@mantine/core'

/** Mantine wants ten shades; what is seen comes from theme/cygnet.css, which all pages share. */
const accent: MantineColorsTuple = [
  '#e3f1f4',
  '#cbe6eb',
  '#9bd0da',
  '#63c6d6',
  '#3ea9bb',
  '#1d8ea2',
  '#0f7d91',
  '#0b6a7d',
  '#08586a',
  '#064656',
]

/** The greys of the dark: from text to what lies deepest. */
const dark: MantineColorsTuple = [
  '#e4eaec',
  '#c3cdd1',
  '#9dabb1',
  '#6d7d84',
  '#3a484e',
  '#2a3539',
  '#12181a',
  '#181f22',
  '#101517',
  '#0a0d0e',
]

const variantColorResolver: VariantColorsResolver = (input) => {
  const danger = input.color === 'danger'
  const tone = danger ? 'var(--danger)' : 'var(--accent)'
  switch (input.variant) {
    case 'filled':
      return {
        background: tone,
        hover: danger ? 'var(--danger-hover)' : 'var(--accent-hover)',
        color: danger ? 'var(--surface)' : 'var(--on-accent)',
        border: '1px solid transparent',
      }
    case 'default':
      return {
        background: 'var(--surface)',
        hover: 'var(--surface-hover)',
        color: danger ? 'var(--danger)' : 'var(--text)',
        border: '1px solid var(--line-strong)',
      }
    case 'subtle':
      return {
        background: 'transparent',
        hover: 'var(--surface-hover)',
        color: danger ? 'var(--danger)' : 'var(--muted)',
        border: '1px solid transparent',
      }
    case 'light':
      return {
        background: danger ? 'var(--danger-soft)' : 'var(--accent-soft)',
        hover: danger ? 'var(--danger-soft)' : 'var(--accent-soft)',
        color: danger ? 'var(--danger)' : 'var(--accent-text)',
        border: '1px solid transparent',
      }
    default:
      return defaultVariantColorsResolver(input)
  }
}

export const theme = createTheme({
  colors: { accent, dark },
  primaryColor: 'accent',
  primaryShade: 7,
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--font-mono)',
  headings: { fontFamily: 'var(--font)', fontWeight: '600' },
  defaultRadius: '7px',
  cursorType: 'pointer',
  respectReducedMotion: true,
  variantColorResolver,
  components: {
    // Letters of 16 pixels: with smaller ones telephones zoom into the field.
    Autocomplete: Autocomplete.extend({ defaultProps: { size: 'md' } }),
    // Within the page's content, as everything that is to be read; the placeholder is no part of a menu.
    Menu: Menu.extend({ defaultProps: { portalProps: { target: '#main' }, withInitialFocusPlaceholder: false } }),
    NativeSelect: NativeSelect.extend({ defaultProps: { size: 'md' } }),
    PasswordInput: PasswordInput.extend({ defaultProps: { size: 'md' } }),
    TextInput: TextInput.extend({ defaultProps: { size: 'md' } }),
  },
})

const shared = {
  '--mantine-color-body': 'var(--surface)',
  '--mantine-color-text': 'var(--text)',
  '--mantine-color-dimmed': 'var(--muted)',
  '--mantine-color-placeholder': 'var(--muted)',
  '--mantine-color-anchor': 'var(--accent-text)',
  '--mantine-color-error': 'var(--danger)',
  '--mantine-color-default': 'var(--surface)',
  '--mantine-color-default-hover': 'var(--surface-hover)',
  '--mantine-color-default-color': 'var(--text)',
  '--mantine-color-default-border': 'var(--line)',
  '--mantine-color-disabled': 'var(--sunken)',
  '--mantine-color-disabled-color': 'var(--muted)',
  '--mantine-color-disabled-border': 'var(--line)',
  '--mantine-color-accent-filled': 'var(--accent)',
  '--mantine-color-accent-filled-hover': 'var(--accent-hover)',
  '--mantine-primary-color-filled': 'var(--accent)',
  '--mantine-primary-color-filled-hover': 'var(--accent-hover)',
  '--mantine-primary-color-contrast': 'var(--on-accent)',
  '--mantine-primary-color-light': 'var(--accent-soft)',
  '--mantine-primary-color-light-hover': 'var(--accent-soft)',
  '--mantine-primary-color-light-color': 'var(--accent-text)',
}

export const cssVariablesResolver: CSSVariablesResolver = () => ({ variables: {}, light: shared, dark: shared })

// Sets the colour scheme chosen under Account before the first paint. Without a choice the system's stands, with no script.
;(() => {
  try {
    const scheme = localStorage.getItem('cygnet-color-scheme')
    if (scheme === 'dark' || scheme === 'light') {
      document.documentElement.setAttribute('data-mantine-color-scheme', scheme)
    }
  } catch {
    // Storage is closed to this page.
  }
})()

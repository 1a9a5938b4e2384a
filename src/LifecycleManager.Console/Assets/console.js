// Calls of the scheduler for the page's buttons, the theme, and how a page comes back after its connection was lost.
window.lcmPage = {
  // As whoever looks at the page, by his browser: the scheduler's REST API judges it as any call of his.
  async call(method, path, body) {
    try {
      const answer = await fetch(path, { method, body: body ?? undefined, headers: body ? { 'content-type': 'application/json' } : {} });
      return { status: answer.status, text: (await answer.text()).slice(0, 24000) };
    } catch (problem) {
      return { status: 0, text: `The scheduler does not answer: ${problem.message}` };
    }
  },
  // What is pressed from now on is answered.
  live() {
    document.documentElement.dataset.live = 'yes';
    giveBackTyped();
  },
  // A log stays at its end until its reader scrolls up, and again once he is back there. Its lines are drawn where he looks.
  log(box, page, lineHeight) {
    let [top, told, isTelling] = [0, null, false];
    const isFollowed = () => box.dataset.follow === 'yes';
    const isAtEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < 24;
    const first = () => Math.floor(box.scrollTop / lineHeight);
    const room = () => Math.ceil(box.clientHeight / lineHeight) + 1;
    const tell = async () => {
      if (isTelling) return;
      isTelling = true;
      while (told === null || told.room !== room() || (!isFollowed() && Math.abs(told.first - first()) >= 10)) {
        told = { first: first(), room: room() };
        await page.invokeMethodAsync('Look', told.first, told.room).catch(() => { });
      }
      isTelling = false;
    };
    const stay = () => {
      if (isFollowed()) box.scrollTop = box.scrollHeight;
      top = box.scrollTop;
      tell();
    };
    box.addEventListener('scroll', () => {
      const isUp = box.scrollTop < top - 4;
      top = box.scrollTop;
      if (isFollowed() ? isUp && !isAtEnd() : isAtEnd()) page.invokeMethodAsync('Scrolled', !isFollowed(), first()).catch(() => { });
      tell();
    });
    new ResizeObserver(stay).observe(box);
    new MutationObserver(stay).observe(box, { childList: true, subtree: true, attributes: true, attributeFilter: ['style', 'data-follow'] });
    stay();
  },
  // Keys go to the program as an xterm sends them; how large its screen is, the place says that there is for it.
  terminal(box, page) {
    const keys = box.querySelector('.keys');
    const screen = box.querySelector('.tscreen');
    const type = text => page.invokeMethodAsync('Typed', text).catch(() => { });
    const named = {
      Enter: '\r', Backspace: '\x7f', Tab: '\t', Escape: '\x1b', ArrowUp: '\x1b[A', ArrowDown: '\x1b[B', ArrowRight: '\x1b[C',
      ArrowLeft: '\x1b[D', Home: '\x1b[H', End: '\x1b[F', Insert: '\x1b[2~', Delete: '\x1b[3~', PageUp: '\x1b[5~', PageDown: '\x1b[6~',
    };
    keys.addEventListener('keydown', event => {
      if (event.isComposing || event.metaKey || (event.ctrlKey && event.shiftKey)) return;
      let text = null;
      if (named[event.key] !== undefined) text = event.key === 'Tab' && event.shiftKey ? null : named[event.key];
      else if (event.ctrlKey && !event.altKey && event.key.length === 1) {
        const code = event.key.toUpperCase().charCodeAt(0);
        if (code >= 64 && code < 96) text = String.fromCharCode(code - 64);
        else if (event.key === ' ') text = '\0';
      } else if (event.altKey && !event.ctrlKey && event.key.length === 1) text = '\x1b' + event.key;
      if (text === null) return;
      event.preventDefault();
      type(text);
    });
    // All else: letters as they are made, what is pasted too.
    keys.addEventListener('input', event => {
      if (event.isComposing) return;
      const text = keys.value;
      keys.value = '';
      for (let at = 0; at < text.length; at += 8000) type(text.slice(at, at + 8000).replace(/\n/g, '\r'));
    });
    keys.addEventListener('compositionend', () => keys.dispatchEvent(new InputEvent('input')));
    box.addEventListener('click', () => { if (getSelection().isCollapsed) keys.focus(); });
    const measure = () => {
      const probe = document.createElement('span');
      probe.textContent = 'MMMMMMMMMM';
      probe.className = 'probe';
      screen.append(probe);
      const wide = probe.getBoundingClientRect().width / 10;
      const high = parseFloat(getComputedStyle(screen).lineHeight);
      probe.remove();
      if (wide > 0 && high > 0)
        page.invokeMethodAsync('Resized', Math.floor((box.clientHeight - 12) / high), Math.floor((box.clientWidth - 24) / wide)).catch(() => { });
    };
    let waiting = 0;
    new ResizeObserver(() => {
      clearTimeout(waiting);
      waiting = setTimeout(measure, 100);
    }).observe(box);
    new MutationObserver(() => { box.scrollTop = box.scrollHeight; }).observe(screen, { childList: true });
    measure();
  },
  toKeys(box) {
    box.querySelector('.keys').focus();
  },
  theme(name) {
    document.cookie = `lcm-theme=${name}; path=/; max-age=31536000; samesite=strict`;
    document.documentElement.className = name;
  },
};

// What was typed and not sent, by the names of its fields, for the page as it is loaded anew.
const kept = 'lcm-typed ' + location.pathname;

function keepTyped() {
  const typed = [...document.querySelectorAll('[data-keep] :is(input, textarea, select)')].filter(input => input.value !== input.defaultValue)
    .map(input => [input.closest('[data-keep]').dataset.keep, input.value]);
  if (typed.length > 0) sessionStorage.setItem(kept, JSON.stringify(typed));
  document.dispatchEvent(new Event('lcm-keep'));
}

async function giveBackTyped() {
  const typed = JSON.parse(sessionStorage.getItem(kept) ?? '[]');
  sessionStorage.removeItem(kept);
  for (const [name, value] of typed) {
    // What the page shows may still be read.
    for (let tries = 0; tries < 50; tries++) {
      const input = document.querySelector(`[data-keep="${CSS.escape(name)}"] :is(input, textarea, select)`);
      if (input) {
        input.value = value;
        for (const kind of ['input', 'change']) input.dispatchEvent(new Event(kind, { bubbles: true }));
        break;
      }
      await new Promise(done => setTimeout(done, 200));
    }
  }
}

// Jump to anything: a slash where nothing is typed, Ctrl+K anywhere.
document.addEventListener('keydown', event => {
  const isTyping = event.target.closest?.('input, textarea, select, [contenteditable], .monaco-editor, [role=dialog]');
  const isSlash = event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey;
  const isControlK = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if ((!isSlash && !isControlK) || ahead !== null || document.querySelector('[role=dialog]')) return;
  event.preventDefault();
  document.getElementById('jump')?.click();
});

// The field comes from afar: what is typed before it is there is typed into it. Null where none is waited for.
let ahead = null;

document.addEventListener('click', event => {
  if (ahead !== null || document.documentElement.dataset.live !== 'yes' || !event.target.closest?.('#jump')) return;
  ahead = { text: '', isGone: false };
  const give = () => {
    const field = document.querySelector('input.jump');
    if (!field || ahead === null) return;
    const { text, isGone } = ahead;
    stop();
    field.focus();
    if (text !== '') {
      field.value = text;
      field.dispatchEvent(new Event('input', { bubbles: true }));
    }
    if (isGone) field.form.requestSubmit();
  };
  const type = key => {
    if (key.ctrlKey || key.metaKey || key.altKey || key.isComposing) return;
    if (key.key === 'Escape') return stop();
    if (key.key === 'Enter') ahead.isGone = true;
    else if (key.key === 'Backspace') ahead.text = ahead.text.slice(0, -1);
    else if (key.key.length === 1) ahead.text += key.key;
    else return;
    key.preventDefault();
    key.stopPropagation();
  };
  const seen = new MutationObserver(give);
  const late = setTimeout(() => stop(), 10000);
  const stop = () => {
    ahead = null;
    seen.disconnect();
    clearTimeout(late);
    document.removeEventListener('keydown', type, true);
  };
  document.addEventListener('keydown', type, true);
  seen.observe(document.body, { childList: true, subtree: true });
});

const lost = document.getElementById('lost');
let isDown = false;

async function comeBack() {
  while (isDown) {
    await new Promise(done => setTimeout(done, 1000));
    try {
      if (await Blazor.reconnect()) break;

      // Who answers does not know this page: it is another process, or was away too long.
      keepTyped();
      location.reload();
      return;
    } catch {
      // Nobody answers yet.
    }
  }
  isDown = false;
  lost.hidden = true;
}

Blazor.start({
  circuit: {
    reconnectionHandler: {
      onConnectionDown() {
        if (isDown) return;
        isDown = true;
        lost.hidden = false;
        comeBack();
      },
      onConnectionUp() {
        isDown = false;
        lost.hidden = true;
      },
    },
  },
});

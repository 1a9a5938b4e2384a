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

// Refreshes the page from the server, and does what its buttons say through the scheduler's REST API.
const period = 2000;
const live = document.getElementById('live');
const message = document.getElementById('message');

// Whether somebody is at work in an element: has typed there what is not sent, is about to, or marks text.
function isInUse(element) {
  const selection = getSelection();
  return element.contains(document.activeElement) || element.matches('[data-edited]') || element.querySelector('[data-edited]') !== null
    || !selection.isCollapsed && selection.containsNode(element, true);
}

// What an element is about: a button that somebody is about to press must not become another's.
const identity = element => [element.dataset.key, element.dataset.app, element.dataset.deployment].join(' ');

// Makes an element what the server says now, but for what somebody is at work in: that stays as it is, with its focus, to the letter.
function update(element, next) {
  if (element.isEqualNode(next)) return;
  if (!isInUse(element)) {
    element.replaceWith(next);
    return;
  }
  if (identity(element) !== identity(next)) return;
  const [olds, news] = [[...element.children], [...next.children]];
  if (olds.length === news.length && olds.every((old, index) => old.tagName === news[index].tagName)) olds.forEach((old, index) => update(old, news[index]));
}

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    if (!answer.ok) throw new Error(answer.status);
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('page');
    update(document.getElementById('page'), next);
    live.textContent = 'live';
    live.classList.remove('lost');
  } catch {
    live.textContent = 'no answer';
    live.classList.add('lost');
  }
}

async function call(method, path, body) {
  message.hidden = true;
  const answer = await fetch(path, {
    method, headers: body ? { 'content-type': 'application/json' } : {}, body: body && JSON.stringify(body),
  });
  if (!answer.ok) {
    const error = await answer.json().catch(() => ({}));
    message.textContent = error.message ?? `${method} ${path} was answered with ${answer.status}`;
    message.hidden = false;
  }
}

document.addEventListener('click', async event => {
  const button = event.target.closest('button[data-action]');
  if (!button) return;
  const { app, deployment } = button.closest('.actions').dataset;
  const path = app ? `/v2/apps${app}` : `/v2/deployments/${deployment}`;
  button.disabled = true;
  try {
    switch (button.dataset.action) {
      case 'scale': {
        const input = button.closest('.actions').querySelector('input');
        if (!input.reportValidity()) break;
        await call('PUT', path, { instances: input.valueAsNumber });
        delete input.dataset.edited;
        break;
      }
      case 'restart': await call('POST', `${path}/restart`); break;
      case 'delete': if (confirm(`Delete ${app} and end all of its instances?`)) await call('DELETE', path); break;
      case 'pause': case 'resume': case 'promote': await call('POST', `${path}/${button.dataset.action}`); break;
      case 'rollback': await call('DELETE', path); break;
      case 'cancel': if (confirm('Stop this deployment and leave everything as it is now?')) await call('DELETE', `${path}?force=true`); break;
    }
  } finally {
    button.disabled = false;
    button.blur();
    refresh();
  }
});

document.addEventListener('input', event => { event.target.dataset.edited = ''; });

// Escape takes back what was typed.
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || !event.target.matches('[data-edited]')) return;
  event.target.value = event.target.defaultValue;
  delete event.target.dataset.edited;
  event.target.blur();
});

setInterval(refresh, period);

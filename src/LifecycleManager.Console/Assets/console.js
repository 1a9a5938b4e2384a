// Refreshes the page from the server, and does what its buttons say through the scheduler's REST API.
const period = 2000;
const live = document.getElementById('live');
const message = document.getElementById('message');

async function refresh() {
  const page = document.getElementById('page');
  // Never under a hand that types or a dialogue that asks.
  if (document.hidden || page.contains(document.activeElement) && document.activeElement.matches('input')) return;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    if (!answer.ok) throw new Error(answer.status);
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('page');
    if (next.innerHTML !== page.innerHTML) page.innerHTML = next.innerHTML;
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
      case 'scale': await call('PUT', path, { instances: button.closest('.actions').querySelector('input').valueAsNumber }); break;
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

setInterval(refresh, period);

using Microsoft.JSInterop;

namespace LifecycleManager.Console.Clients;

/// <summary>
/// Changes at the scheduler, asked for by the browser of whoever looks at the page: by his secret or certificate, from his
/// address, and held against the page's origin, as any other call of his.
/// </summary>
/// <param name="script">The page's scripts.</param>
internal sealed class BrowserCalls(IJSRuntime script)
{
    /// <summary>Asks for a change; null where it was done, else why not, with all details.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path at the scheduler.</param>
    /// <param name="body">JSON; null for none.</param>
    public async Task<string?> ChangeAsync(string method, string path, string? body = null) =>
        (await AskAsync(method, path, body))?.Message;

    /// <summary>Asks for a change; null where it was done, else why not, with what is wrong at which path.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path at the scheduler.</param>
    /// <param name="body">JSON; null for none.</param>
    public async Task<Refusal?> AskAsync(string method, string path, string? body)
    {
        var (status, text) = await CallAsync(method, path, body);
        return status is >= 200 and < 300 ? null : Refusal.Of(status, text);
    }

    /// <summary>Asks for something: the status and the text of the answer; 0 and why, where there is none.</summary>
    /// <inheritdoc cref="ChangeAsync"/>
    public async Task<(int Status, string Text)> CallAsync(string method, string path, string? body = null)
    {
        try
        {
            var answer = await script.InvokeAsync<Answer>("lcmPage.call", method, path, body);
            return (answer.Status, answer.Text);
        }
        catch (Exception e) when (e is JSException or TaskCanceledException or JSDisconnectedException)
        {
            return (0, $"The scheduler was not asked, or its answer is lost: {e.Message}");
        }
    }

    private sealed record Answer(int Status, string Text);
}

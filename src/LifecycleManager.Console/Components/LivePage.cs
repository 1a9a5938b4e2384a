using LifecycleManager.Console.Callers;
using LifecycleManager.Console.Live;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Console.Components;

/// <summary>
/// A page that shows what its caller's feed has, and is drawn again when that changes. What somebody types is the page's own, and
/// nothing that comes meanwhile touches it.
/// </summary>
public abstract class LivePage : ComponentBase, IDisposable
{
    // How long ago something was is said anew so often.
    private static readonly TimeSpan Aging = TimeSpan.FromSeconds(5);

    private readonly List<IDisposable> _following = [];
    private readonly CancellationTokenSource _left = new();
    private object? _subject;
    private bool _isOpen;
    private int _isDrawing;

    /// <summary>Nobody looks at it yet.</summary>
    protected LivePage()
    {
        // Taken while it can be: what began before the page was left asks for it later.
        Left = _left.Token;
    }

    /// <summary>What whoever looks at the page may do with which apps.</summary>
    protected AppScope Scope => Feed.Caller.Scope;

    /// <summary>Ends when the page is left.</summary>
    protected CancellationToken Left { get; }

    /// <summary>What the caller's pages show.</summary>
    private protected Feed Feed { get; private set; } = default!;

    /// <summary>What the page is about, which its address says; another one is another page.</summary>
    protected virtual object? Subject => null;

    /// <summary>The instant the page is of.</summary>
    [Inject]
    protected TimeProvider Clock { get; set; } = default!;

    [Inject]
    private Feeds Feeds { get; set; } = default!;

    [Inject]
    private AuthenticationStateProvider Users { get; set; } = default!;

    /// <summary>The request that the page's first text is an answer to.</summary>
    [CascadingParameter]
    private HttpContext? Request { get; set; }

    /// <summary>Says what the page shows.</summary>
    protected abstract Task OpenAsync();

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        if (_isOpen && Equals(_subject, Subject)) return;
        (_isOpen, _subject) = (true, Subject);
        foreach (var following in _following) following.Dispose();
        _following.Clear();
        Feed = Feeds.Of(await PageCaller.OfAsync(Users));
        if (Left.IsCancellationRequested) return;
        if (RendererInfo.IsInteractive) _following.Add(Clock.CreateTimer(_ => Draw(), null, Aging, Aging));
        await OpenAsync();
    }

    /// <summary>Shows what is watched from now on, and waits for the first of it.</summary>
    /// <exception cref="OperationCanceledException">The page was left.</exception>
    private protected async Task<Reading<T>?> ShowAsync<T>(Watch<T>? watch)
        where T : class
    {
        if (watch is null) return null;
        Left.ThrowIfCancellationRequested();
        if (RendererInfo.IsInteractive) _following.Add(watch.Follow(Draw));
        return await watch.LatestAsync(Left);
    }

    /// <summary>Answers that there is no such page, while its first text is made.</summary>
    protected void SayUnknown()
    {
        if (Request?.Response is not { HasStarted: false } answer) return;

        // At the very end: the framework leaves an answer empty that is 404 before it is written.
        answer.OnStarting(() =>
        {
            answer.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends what the page follows.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing) return;
        foreach (var following in _following) following.Dispose();
        _left.Cancel();
        _left.Dispose();
    }

    // However much changes before it is drawn, it is drawn once.
    private void Draw()
    {
        if (Interlocked.Exchange(ref _isDrawing, 1) == 1) return;
        _ = DrawAsync();
    }

    private async Task DrawAsync()
    {
        try
        {
            await InvokeAsync(() =>
            {
                Volatile.Write(ref _isDrawing, 0);
                StateHasChanged();
            });
        }
        catch (ObjectDisposedException)
        {
            // The page was left meanwhile.
        }
    }
}

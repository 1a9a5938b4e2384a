using System.Globalization;
using System.Text.Json;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Refit;

namespace LifecycleManager.Console.Components;

/// <summary>A page that reads a role and says so when the role cannot be read.</summary>
public abstract class Page : ComponentBase
{
    /// <summary>Why the page has nothing to show, or null.</summary>
    protected string? Problem { get; private set; }

    /// <summary>What whoever looks at the page may do with which apps.</summary>
    protected AppScope Scope { get; private set; } = AppScope.All;

    /// <summary>Whether the page is for those who may see all apps.</summary>
    protected virtual bool IsOfCluster => false;

    [Inject]
    private IHttpContextAccessor Caller { get; set; } = default!;

    /// <summary>The instant the page is of.</summary>
    [Inject]
    protected TimeProvider Clock { get; set; } = default!;

    /// <summary>Reads what the page shows.</summary>
    protected abstract Task LoadAsync(CancellationToken cancellation);

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        if (Caller.HttpContext is { } context) Scope = AccessControl.ScopeOf(context);
        if (IsOfCluster && !Scope.MayEverywhere(GroupPermission.View))
        {
            Problem = "This page is for who has the permission 'view' of the whole cluster.";
            return;
        }

        try
        {
            await LoadAsync(CancellationToken.None);
        }
        catch (ApiException e) when ((int)e.StatusCode == 404)
        {
            Problem = "It does not exist (any more).";
        }
        catch (Exception e) when (e is HttpRequestException or ApiExceptionBase or TaskCanceledException or JsonException)
        {
            Problem = $"Not to be read at the moment: {e.Message}";
        }
    }

    /// <summary>How long ago something was, as <c>12 s ago</c>.</summary>
    protected string Ago(DateTimeOffset? time)
    {
        if (time is not { } at) return "";
        var ago = Clock.GetUtcNow() - at;
        return ago switch
        {
            { TotalSeconds: < 0 } => "now",
            { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{ago.TotalSeconds:0} s ago"),
            { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{ago.TotalMinutes:0} min ago"),
            { TotalDays: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{ago.TotalHours:0} h ago"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{ago.TotalDays:0} d ago"),
        };
    }

    /// <summary>As <see cref="Ago(DateTimeOffset?)"/>, of an ISO 8601 text.</summary>
    protected string Ago(string? time) =>
        Ago(DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null);
}

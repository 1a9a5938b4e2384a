using LifecycleManager.Console.Callers;
using LifecycleManager.Console.Clients;
using LifecycleManager.Console.Components;
using LifecycleManager.Console.Hosting;
using LifecycleManager.Console.Live;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using MudBlazor.Services;

namespace LifecycleManager.Console;

/// <summary>
/// The web console: pages that are rendered here and live over a socket. They read the roles' public REST APIs as who looks at
/// them, and nothing else; what a button changes at the scheduler is a call of that API by the browser.
/// </summary>
public static class ConsoleRole
{
    /// <summary>How long what a page shows is kept here after its socket broke, and of how many pages.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(2);

    private const int MostKept = 50;

    /// <summary>The longest message of a page: what is typed and the answers of calls.</summary>
    private const int MaxMessage = 64 * 1024;

    /// <summary>Adds the console's services.</summary>
    public static IServiceCollection AddConsole(this IServiceCollection services, ConsoleOptions options)
    {
        services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            circuits.DisconnectedCircuitRetentionPeriod = Kept;
            circuits.DisconnectedCircuitMaxRetained = MostKept;
        }).AddHubOptions(hub => hub.MaximumReceiveMessageSize = MaxMessage);
        services.AddMudServices();

        // What is signed is good as long as this process lives, which keeps the pages: no key is made before one is opened.
        var keys = services.Where(service => service.ServiceType == typeof(IHostedService) &&
            service.ImplementationType?.Assembly == typeof(IDataProtectionBuilder).Assembly).ToList();
        foreach (var service in keys) services.Remove(service);
        services.AddSingleton<IDataProtectionProvider>(_ => new EphemeralDataProtectionProvider());
        services.AddSingleton(options);
        services.TryAddSingleton<OnBehalf>();
        services.AddSingleton(provider => new RoleHttp(
            options, provider.GetRequiredService<OnBehalf>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(_ => new AgentListClient(options.Masters, options.MasterCredential, options.Tls));
        services.AddSingleton<Feeds>();
        services.AddSingleton<PageSockets>();
        services.AddScoped<BrowserCalls>();
        return services;
    }

    /// <summary>Maps <c>/ui</c>, and leads <c>/</c> there.</summary>
    public static void MapConsole(this WebApplication app)
    {
        app.MapGet("/", () => Results.Redirect("/ui")).ShowsNoApp();
        foreach (var asset in (string[])["console.css", "console.js", "editor.js", "MudBlazor.min.css", "MudBlazor.min.js",
            "blazor.web.js"])
            Asset.Map(app, "/ui/assets/" + asset, asset);
        Downloads.Map(app);
        Asset.MapEditor(app, "/ui/assets/monaco");
        var sockets = app.Services.GetRequiredService<PageSockets>();
        app.Use(next => context => sockets.InvokeAsync(context, next));

        // No page has a form that is posted: nothing to forge. Sockets are held against the page's origin before they come here.
        var pages = app.MapRazorComponents<Shell>().AddInteractiveServerRenderMode(mode =>
        {
            // The policy of all pages says by whom they may be framed; what compresses a socket holds memory for each.
            mode.ContentSecurityFrameAncestorsPolicy = null;
            mode.DisableWebSocketCompression = true;
        }).DisableAntiforgery();
        pages.AsksByApp(Permission.View);
        pages.Add(endpoint =>
        {
            if (endpoint is RouteEndpointBuilder { RoutePattern.RawText: { } path }
                && path.StartsWith("/ui", StringComparison.Ordinal))
                endpoint.Metadata.Add(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]));
        });
    }
}

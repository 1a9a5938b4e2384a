using System.Reflection;
using LifecycleManager.Console.Clients;
using LifecycleManager.Console.Components;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Runtime;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LifecycleManager.Console;

/// <summary>
/// The web console: pages rendered on the server, refreshed by a small script, that read the roles' public REST APIs and
/// nothing else. What a button does is a call of the same APIs by the browser.
/// </summary>
public static class ConsoleRole
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>Adds the console's services.</summary>
    public static IServiceCollection AddConsole(this IServiceCollection services, ConsoleOptions options)
    {
        services.AddRazorComponents();
        // No page has a form, so nothing is signed: the keys that would be made and read at every start are left alone.
        var keys = services.Where(service => service.ServiceType == typeof(IHostedService) &&
            service.ImplementationType?.Assembly == typeof(IDataProtectionBuilder).Assembly).ToList();
        foreach (var service in keys) services.Remove(service);
        services.AddSingleton(options);
        services.AddHttpContextAccessor();
        services.AddSingleton(provider => new SchedulerClient(MarathonApi.For(Client(provider, options.Scheduler, options.Tls))));
        services.AddSingleton(
            provider => new ManagerClient(options.Manager is { } manager ? Client(provider, manager, options.Tls) : null));
        services.AddSingleton(new AgentListClient(options.Masters, options.MasterCredential, options.Tls));
        return services;
    }

    /// <summary>Maps <c>/ui</c>, and leads <c>/</c> there.</summary>
    public static void MapConsole(this WebApplication app)
    {
        app.MapGet("/", () => Results.Redirect("/ui")).ShowsNoApp();
        MapAsset(app, "console.css", "text/css; charset=utf-8");
        MapAsset(app, "console.js", "text/javascript; charset=utf-8");
        // No page has a form: nothing to forge, and nothing to post.
        var pages = app.MapRazorComponents<Shell>().DisableAntiforgery();
        pages.AsksByApp();
        pages.Add(page => page.Metadata.Add(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head])));
    }

    private static HttpClient Client(IServiceProvider provider, Uri address, ClientTls? tls)
    {
        var connections = new SocketsHttpHandler();
        tls?.ApplyTo(connections.SslOptions);
        var handler = new CallerHandler(provider.GetRequiredService<IHttpContextAccessor>()) { InnerHandler = connections };
        return new HttpClient(handler) { BaseAddress = address, Timeout = Timeout };
    }

    private static void MapAsset(WebApplication app, string name, string type)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        var bytes = copy.ToArray();
        app.MapGet("/ui/" + name, (HttpContext context) =>
        {
            context.Response.Headers.CacheControl = "no-cache";
            return Results.Bytes(bytes, type);
        }).ShowsNoApp();
    }
}

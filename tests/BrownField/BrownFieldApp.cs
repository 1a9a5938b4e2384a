using BrownField.Actuator;
using BrownField.Services;

namespace BrownField;

/// <summary>Composes one service with its management endpoints.</summary>
public static class BrownFieldApp
{
    /// <summary>The longest an in-flight request is waited for once the drain is over.</summary>
    private static readonly TimeSpan LastRequests = TimeSpan.FromSeconds(10);

    /// <summary>Builds the service; starting it binds its port.</summary>
    public static WebApplication Build(BrownFieldOptions options, TimeProvider time)
    {
        // The empty builder: no configuration files, no event log, no provider that a sample never uses.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
            kestrel.Listen(options.Bind, options.Port);
        });
        builder.Logging.SetMinimumLevel(LogLevel.Error).AddSimpleConsole(console => console.SingleLine = true);
        builder.Services.AddRoutingCore();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolver = BrownFieldJson.Default);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Drain + LastRequests);

        var drain = new Drain(options.Drain, time);
        var metrics = new ServiceMetrics(options.TpmWindow, time);
        builder.Services.AddHostedService(_ => drain);

        var app = builder.Build();
        app.Use(drain.CloseConnections);
        app.Use(metrics.Measure);
        app.UseRouting();
        switch (options.Service)
        {
            case ServiceKind.Search: SearchService.Map(app); break;
            case ServiceKind.SearchApiGateway: SearchApiGateway.Map(app, options); break;
            default: Website.Map(app, options); break;
        }

        if (options.Boot.HasFlag(BootShape.One)) Boot1.Map(app, metrics, drain, options.Fault);
        if (options.Boot.HasFlag(BootShape.Two)) Boot2.Map(app, metrics, drain, options.Fault);
        app.UseEndpoints(_ => { });
        return app;
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Scheduler.Tests.Fakes;

/// <summary>One server that stands for all instances of checked apps, told apart by their ports.</summary>
internal sealed class CheckedInstances(WebApplication app, int first, int count) : IAsyncDisposable
{
    public ConcurrentDictionary<int, int> Status { get; } = new();

    public int Default { get; set; } = 200;

    public string Ports => string.Create(CultureInfo.InvariantCulture, $"{first}-{first + count - 1}");

    public static async Task<CheckedInstances> StartAsync(int count)
    {
        for (var attempt = 0; ; attempt++)
        {
            var first = Random.Shared.Next(20_000, 30_000);
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            {
                for (var port = first; port < first + count; port++) kestrel.Listen(IPAddress.Loopback, port);
            });
            var app = builder.Build();
            var instances = new CheckedInstances(app, first, count);
            app.Run(context =>
            {
                context.Response.StatusCode = instances.Status.GetValueOrDefault(context.Connection.LocalPort,
                    instances.Default);
                return context.Response.WriteAsync("answer");
            });
            try
            {
                await app.StartAsync();
                return instances;
            }
            catch (IOException) when (attempt < 10)
            {
                await app.DisposeAsync();
            }
        }
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}

using System.Net;
using System.Text;

namespace LifecycleManager.Cli.Tests.Commands;

/// <summary>A web server that gives one kind of answer.</summary>
internal sealed class Answering : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _work;

    private Answering(int port, Func<HttpListenerContext, (int Status, string Body)> answer)
    {
        Address = new Uri($"http://127.0.0.1:{port}/");
        _listener.Prefixes.Add(Address.ToString());
        _listener.Start();
        _work = Task.Run(async () =>
        {
            while (_listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                var (status, body) = answer(context);
                try
                {
                    context.Response.StatusCode = status;
                    await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
                    context.Response.Close();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    // Who asked has gone.
                }
            }
        });
    }

    public Uri Address { get; }

    /// <summary>One that answers by the path and the query.</summary>
    public static Task<Answering> StartAsync(Func<string, (int Status, string Body)> answer) =>
        OfCallsAsync(context => answer(context.Request.RawUrl!));

    /// <summary>One that answers by the whole call.</summary>
    public static Task<Answering> OfCallsAsync(Func<HttpListenerContext, (int Status, string Body)> answer) =>
        Task.FromResult(new Answering(LifecycleManager.Testing.Server.FreePort(), answer));

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _work;
    }
}

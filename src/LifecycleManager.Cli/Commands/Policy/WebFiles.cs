using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary>The files of this machine, and what http addresses answer: a recording need not be saved first.</summary>
/// <param name="caller">Who asks, for servers that want to know.</param>
internal sealed class WebFiles(Caller caller) : IPolicyFiles, IDisposable
{
    private readonly HttpClient _http = new(caller.Saying(Redirected(caller.Connections())))
    {
        Timeout = TimeSpan.FromMinutes(1),
        MaxResponseContentBufferSize = 1024 * 1024 * 1024
    };

    public IReadOnlyList<string>? Find(string path) => IsAddress(path) ? [path] : DiskFiles.Instance.Find(path);

    public string Read(string path)
    {
        if (!IsAddress(path)) return DiskFiles.Instance.Read(path);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            using var answer = _http.Send(request);
            using var reader = new StreamReader(answer.Content.ReadAsStream());
            var text = reader.ReadToEnd();
            if (answer.IsSuccessStatusCode) return text;
            throw new IOException(
                $"the server answered {(int)answer.StatusCode}: {text[..Math.Min(text.Length, 500)].ReplaceLineEndings(" ")}");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            throw new IOException(e.Message, e);
        }
    }

    public void Write(string path, string text, bool isNew = false) => DiskFiles.Instance.Write(path, text, isNew);

    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler Redirected(SocketsHttpHandler handler)
    {
        handler.AllowAutoRedirect = true;
        return handler;
    }

    private static bool IsAddress(string path) =>
        path.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
        || path.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
}

using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Console.Hosting;

/// <summary>
/// A style or script that pages need: a resource of this assembly, compressed when it is first asked for, so that a process whose
/// console nobody opens keeps nothing of it.
/// </summary>
internal sealed class Asset
{
    /// <summary>
    /// A script may be a worker's: what a page may not do, it may not either. None is made of text, none comes from elsewhere.
    /// </summary>
    private const string Script = "default-src 'none'; script-src 'self'; connect-src 'self'";

    private static readonly string[] EditorFiles =
    [
        "vs/loader.js", "vs/editor/editor.main.js", "vs/editor/editor.main.css", "vs/editor/editor.main.nls.js",
        "vs/base/worker/workerMain.js", "vs/base/common/worker/simpleWorker.nls.js",
        "vs/base/browser/ui/codicons/codicon/codicon.ttf", "vs/language/json/jsonMode.js", "vs/language/json/jsonWorker.js",
        "vs/basic-languages/yaml/yaml.js",
    ];

    private readonly Lazy<(byte[] Zipped, string Tag)> _content;
    private readonly string _type;

    private Asset(string name, Func<Stream> open)
    {
        _type = Path.GetExtension(name) switch
        {
            ".css" => "text/css; charset=utf-8",
            ".ttf" => "font/ttf",
            _ => "text/javascript; charset=utf-8",
        };
        _content = new(() => Read(open));
    }

    /// <summary>Maps a resource.</summary>
    public static void Map(IEndpointRouteBuilder app, string path, string resource) =>
        Map(app, path, new Asset(resource, () => Resource(resource)));

    /// <summary>Maps the code editor's files, which are compressed in one resource, by the paths that they ask for.</summary>
    public static void MapEditor(IEndpointRouteBuilder app, string path)
    {
        foreach (var file in EditorFiles) Map(app, $"{path}/{file}", new Asset(file, () => Unpacked(file)));
    }

    private static void Map(IEndpointRouteBuilder app, string path, Asset asset) =>
        app.MapMethods(path, [HttpMethods.Get, HttpMethods.Head], asset.AnswerAsync).ShowsNoApp();

    private static Stream Resource(string name) => Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
        ?? throw new InvalidOperationException($"the console has no resource '{name}'");

    private static MemoryStream Unpacked(string file)
    {
        using var pack = new ZipArchive(Resource("monaco.zip"), ZipArchiveMode.Read);
        using var packed = (pack.GetEntry(file) ?? throw new InvalidOperationException($"the code editor has no '{file}'"))
            .Open();
        var unpacked = new MemoryStream();
        packed.CopyTo(unpacked);
        unpacked.Position = 0;
        return unpacked;
    }

    private static (byte[] Zipped, string Tag) Read(Func<Stream> open)
    {
        using var stream = open();
        using var zipped = new MemoryStream();
        using (var zip = new GZipStream(zipped, CompressionLevel.Optimal, leaveOpen: true)) stream.CopyTo(zip);
        var bytes = zipped.ToArray();
        return (bytes, $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12))}\"");
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (zipped, tag) = _content.Value;
        var headers = context.Response.Headers;

        // Kept by the browser, and asked for again with each page: what is answered then is that it is the same.
        (headers.CacheControl, headers.ETag, headers.Vary) = ("no-cache", tag, "Accept-Encoding");
        if (context.Request.Headers.IfNoneMatch == tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        headers.ContentType = _type;
        if (_type.StartsWith("text/javascript", StringComparison.Ordinal)) headers.ContentSecurityPolicy = Script;
        if (context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase))
        {
            headers.ContentEncoding = "gzip";
            headers.ContentLength = zipped.Length;
            await context.Response.Body.WriteAsync(zipped, context.RequestAborted);
            return;
        }

        await using var plain = new GZipStream(new MemoryStream(zipped), CompressionMode.Decompress);
        await plain.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}

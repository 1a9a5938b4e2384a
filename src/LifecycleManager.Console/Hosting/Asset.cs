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
    private readonly Lazy<(byte[] Zipped, string Tag)> _content;
    private readonly string _type;

    private Asset(string resource, string type)
    {
        _type = type;
        _content = new(() => Read(resource));
    }

    /// <summary>Maps a resource.</summary>
    public static void Map(IEndpointRouteBuilder app, string path, string resource)
    {
        var asset = new Asset(resource, resource.EndsWith(".css", StringComparison.Ordinal)
            ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8");
        app.MapMethods(path, [HttpMethods.Get, HttpMethods.Head], asset.AnswerAsync).ShowsNoApp();
    }

    private static (byte[] Zipped, string Tag) Read(string resource)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"the console has no resource '{resource}'");
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

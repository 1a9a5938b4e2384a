using System.Text.Json.Nodes;
using LifecycleManager.Primitives.Timing;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace LifecycleManager.Agent.Api;

/// <summary>
/// Sends files to readers: so many at once, each with one block of a file in memory, and none is waited for without end. What is
/// sent ends where the file ended at first, however quickly it grows.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class FileReaders(TimeProvider time)
{
    /// <summary>So many read at once: 256, so that two persons follow both streams of 50 instances of one agent.</summary>
    public const int MaxReaders = 256;

    /// <summary>What is read and sent at once, in bytes.</summary>
    public const int Block = 64 * 1024;

    /// <summary>A reader that takes nothing of a block for so long is left: 30 s.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private int _readers;

    /// <summary>Answers with what follows in a file, to its present end.</summary>
    /// <param name="file">The file, at the first byte to be sent; it is closed here.</param>
    /// <param name="name">The name to keep it by.</param>
    public IResult Download(Stream file, string name) => Answer(file, async context =>
    {
        var length = file.Length - file.Position;
        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(name);
        context.Response.Headers.ContentDisposition = disposition.ToString();
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = length;
        await SendAsync(file, length, context);
    });

    /// <summary>
    /// Answers with what follows in a file as plain text, and with what is added to it for as long as the reader stays, if that
    /// is asked for: <c>tail -F</c> over HTTP. A log that is rotated is followed from its new beginning.
    /// </summary>
    /// <param name="file">The file, at the first byte to be sent; it is closed here.</param>
    /// <param name="follow">Whether what is added is sent.</param>
    public IResult Tail(Stream file, bool follow) => Answer(file, async context =>
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        await SendAsync(file, file.Length - file.Position, context);
        while (follow)
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Poll, time, context.RequestAborted);
            if (file.Length < file.Position) file.Seek(0, SeekOrigin.Begin);
            await SendAsync(file, file.Length - file.Position, context);
        }
    });

    /// <summary>Answers with part of a file as JSON.</summary>
    public IResult Json(JsonNode json)
    {
        var body = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()));
        return Answer(body, async context =>
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            context.Response.ContentLength = body.Length;
            await SendAsync(body, body.Length, context);
        });
    }

    private IResult Answer(Stream content, Func<HttpContext, Task> send)
    {
        if (Interlocked.Increment(ref _readers) <= MaxReaders) return new Result(this, content, send);
        Interlocked.Decrement(ref _readers);
        content.Dispose();
        return MesosAnswers.Error(StatusCodes.Status503ServiceUnavailable, $"{MaxReaders} readers are reading files already");
    }

    private async Task SendAsync(Stream content, long length, HttpContext context)
    {
        var block = new byte[Math.Min(Block, Math.Max(0, length))];
        while (length > 0)
        {
            var read = await content.ReadAsync(block.AsMemory(0, (int)Math.Min(block.Length, length)), context.RequestAborted);
            if (read == 0) return;
            length -= read;
            using var limit = new TimeLimit(time, MaxWait, context.RequestAborted);
            await context.Response.Body.WriteAsync(block.AsMemory(0, read), limit.Token);
        }
    }

    private sealed class Result(FileReaders readers, Stream content, Func<HttpContext, Task> send) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            try
            {
                await using (content) await send(httpContext);
            }
            catch (OperationCanceledException)
            {
                // The reader has left, or is left: half an answer must not look like a whole one.
                httpContext.Abort();
            }
            finally
            {
                Interlocked.Decrement(ref readers._readers);
            }
        }
    }
}

using LifecycleManager.Agent.Sandboxes;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Agent.Api;

/// <summary>
/// The end of a file as plain text, and what is added to it for as long as the reader stays: <c>tail -F</c> over HTTP. A
/// log that is rotated is followed from its new beginning.
/// </summary>
internal sealed class FileTails(TimeProvider time)
{
    private const int MaxFollowers = 64;
    private const int DefaultBytes = 8 * 1024;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private int _followers;

    /// <summary>Answers with the last bytes, from the beginning of a line where one is among them.</summary>
    public IResult Tail(SandboxFiles files, string path, long? bytes, bool follow)
    {
        if (bytes < 0) return Shapes.Error(StatusCodes.Status400BadRequest, "bytes: is negative");
        var file = files.Open(path);
        if (file is null) return Shapes.Error(StatusCodes.Status404NotFound, $"there is no file '{path}'");
        if (follow && Interlocked.Increment(ref _followers) > MaxFollowers)
        {
            Interlocked.Decrement(ref _followers);
            file.Dispose();
            return Shapes.Error(StatusCodes.Status503ServiceUnavailable, $"{MaxFollowers} readers are following files already");
        }

        return new Answer(async context =>
        {
            try
            {
                await using (file)
                {
                    context.Response.ContentType = "text/plain; charset=utf-8";
                    Seek(file, Math.Min(bytes ?? DefaultBytes, SandboxFiles.MaxRead));
                    await file.CopyToAsync(context.Response.Body, context.RequestAborted);
                    while (follow)
                    {
                        await context.Response.Body.FlushAsync(context.RequestAborted);
                        await Task.Delay(Poll, time, context.RequestAborted);
                        if (file.Length < file.Position) file.Seek(0, SeekOrigin.Begin);
                        await file.CopyToAsync(context.Response.Body, context.RequestAborted);
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // The reader has left.
            }
            finally
            {
                if (follow) Interlocked.Decrement(ref _followers);
            }
        });
    }

    private static void Seek(FileStream file, long bytes)
    {
        var start = Math.Max(0, file.Length - bytes);
        file.Seek(start, SeekOrigin.Begin);
        if (start == 0) return;
        // The byte before tells whether this is a line's beginning already.
        file.Seek(start - 1, SeekOrigin.Begin);
        for (var passed = 0L; passed <= bytes; passed++)
        {
            if (file.ReadByte() is '\n' or -1) return;
        }

        file.Seek(start, SeekOrigin.Begin);
    }

    private sealed class Answer(Func<HttpContext, Task> write) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => write(httpContext);
    }
}

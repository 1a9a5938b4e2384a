using Microsoft.JSInterop;

namespace LifecycleManager.Console.Components;

/// <summary>What is wrong at a place of a text.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="IsError">Whether it keeps the text from being taken.</param>
internal sealed record Mark(int Line, int Column, string Message, bool IsError = true);

/// <summary>The script of the code editor, which a page loads when it needs it.</summary>
internal static class EditorScript
{
    /// <summary>The script; the browser loads it once.</summary>
    public static ValueTask<IJSObjectReference> EditorAsync(this IJSRuntime script) =>
        script.InvokeAsync<IJSObjectReference>("import", "/ui/assets/editor.js");
}

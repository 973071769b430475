//! Where keys are meant: screens, and what lies over them.

/// Where a key is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Every screen.
    Everywhere,
    /// The panes of the Train screen.
    Train,
    /// The list of the Runs screen.
    Runs,
    /// The panes of the Curvature screen.
    Curvature,
    /// The Images screen.
    Images,
    /// A list over the panes: help, hyperparameters, optimizers.
    List,
    /// The list of messages.
    Messages,
    /// The command palette.
    Palette,
    /// A line that is typed.
    Prompt,
    /// A question.
    Question,
    /// The run is being stopped.
    Stopping,
    /// The fields of an experiment.
    Design,
    /// A value or a file name that is typed on the Design screen.
    DesignTyping,
    /// A list of what a field can be.
    DesignChoice,
}

impl Context {
    /// Every context, with its heading in the help.
    pub const ALL: [(Self, &'static str); 14] = [
        (Self::Everywhere, "On every screen"),
        (Self::Train, "Train: panes and run"),
        (Self::Runs, "Runs"),
        (Self::Curvature, "Curvature"),
        (Self::Images, "Images"),
        (Self::List, "In a list"),
        (Self::Messages, "In the list of messages"),
        (Self::Palette, "In the command palette"),
        (Self::Prompt, "While typing"),
        (Self::Question, "When asked"),
        (Self::Stopping, "While the run stops"),
        (Self::Design, "Design of an experiment"),
        (Self::DesignTyping, "Design: while typing"),
        (Self::DesignChoice, "Design: while choosing"),
    ];

    /// Whether what holds on every screen holds here: this is a screen, and nothing lies over it.
    pub(super) fn is_screen(self) -> bool {
        matches!(self, Self::Train | Self::Design | Self::Runs | Self::Curvature | Self::Images)
    }
}
